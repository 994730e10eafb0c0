// SPDX-License-Identifier: Apache-2.0
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <cstdint>
#include <optional>
#include <string>

#include "bindings.h"
#include "clip_store/event_line.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace device_core {

void BindClipStore(nb::module_& module) {
  module.def(
      "journal_line",
      [](const sound_events::Event& event, uint32_t boot, int64_t uptime_ms, std::optional<int64_t> utc_ms) {
        return clip_store::EventLine(event, {.boot = boot, .sequence = event.sequence},
                                     {.uptime_ms = uptime_ms, .utc_ms = utc_ms}, "");
      },
      "event"_a, "boot"_a, "uptime_ms"_a, "utc_ms"_a = nb::none(),
      "The journal's line (docs/events.md) for an event that is in no clip, without line end; boot counts the device's "
      "starts, uptime_ms and utc_ms are those of the event's start.");
}

}  // namespace device_core

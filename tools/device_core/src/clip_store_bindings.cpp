// SPDX-License-Identifier: Apache-2.0
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bindings.h"
#include "clip_store/event_line.h"
#include "clip_store/flash_log.h"
#include "clip_store/wav_file.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace device_core {
namespace {

using clip_store::FlashDevice;

/// A copy of what flash holds.
class FlashImage : public FlashDevice {
 public:
  explicit FlashImage(const nb::bytes& image)
      : content_(reinterpret_cast<const uint8_t*>(image.data()),
                 reinterpret_cast<const uint8_t*>(image.data()) + image.size() / kSectorBytes * kSectorBytes) {}

  uint32_t sectors() const override { return static_cast<uint32_t>(content_.size() / kSectorBytes); }
  bool Read(uint32_t address, std::span<uint8_t> bytes) override {
    std::copy_n(content_.begin() + address, bytes.size(), bytes.begin());
    return true;
  }
  bool Program(uint32_t, std::span<const uint8_t>) override { return true; }
  bool Erase(uint32_t) override { return true; }

 private:
  std::vector<uint8_t> content_;
};

std::map<std::string, nb::bytes> ReadFlashLog(const nb::bytes& image) {
  FlashImage flash(image);
  if (flash.sectors() < 2 || flash.sectors() > UINT16_MAX) throw nb::value_error("not the size of a storage partition");
  clip_store::FlashLog log(flash);
  if (!log.Mount()) throw nb::value_error("the partition holds something else than a FlashLog");
  std::vector<std::string> names;
  (void)log.List([&](std::string_view name, uint64_t) { names.emplace_back(name); });
  std::map<std::string, nb::bytes> files;
  for (const std::string& name : names) {
    auto file =
        name.ends_with(".wav") ? clip_store::OpenWav(log, name) : log.Open(name, clip_store::FileLayer::Mode::kRead);
    std::vector<uint8_t> content(file ? static_cast<size_t>((*file)->Size().value_or(0)) : 0);
    if (!file || (*file)->ReadAt(0, content) != content.size()) throw nb::value_error((name + " is damaged").c_str());
    files.emplace(name, nb::bytes(reinterpret_cast<const char*>(content.data()), content.size()));
  }
  return files;
}

}  // namespace

void BindClipStore(nb::module_& module) {
  module.def(
      "journal_line",
      [](const sound_events::Event& event, uint32_t boot, int64_t uptime_ms, std::optional<int64_t> utc_ms) {
        return clip_store::EventLine(event, {.boot = boot, .sequence = event.sequence},
                                     {.uptime_ms = uptime_ms, .utc_ms = utc_ms}, {});
      },
      "event"_a, "boot"_a, "uptime_ms"_a, "utc_ms"_a = nb::none(),
      "The journal's line (docs/events.md) for an event that is in no clip, without line end; boot counts the device's "
      "starts, uptime_ms and utc_ms are those of the event's start.");
  module.def(
      "read_flash_log", &ReadFlashLog, "image"_a,
      "The files in an image of the `storage` partition (docs/storage.md) by name, clips as WAVs. Raises ValueError "
      "for an image that holds something else.");
}

}  // namespace device_core

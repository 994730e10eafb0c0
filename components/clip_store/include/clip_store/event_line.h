// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "clip_store/clip_name.h"
#include "sound_events/event.h"

namespace clip_store {

/// Where an event can be heard.
struct ClipPlace {
  std::string name;   ///< Of the clip; empty where there is none.
  int64_t start = 0;  ///< The clip's first sample.
};

/// The journal's line for an event, sealed, without line end (docs/events.md).
std::string EventLine(const sound_events::Event& event, const EventId& id, const EventTime& start,
                      const ClipPlace& clip);

}  // namespace clip_store

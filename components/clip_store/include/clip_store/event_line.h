// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "clip_store/clip_name.h"
#include "sound_events/event.h"

namespace clip_store {

/// The journal's line for an event, sealed, without line end (docs/events.md).
/// @param clip  the clip it can be heard in; empty where there is none.
std::string EventLine(const sound_events::Event& event, const EventId& id, const EventTime& start,
                      std::string_view clip);

}  // namespace clip_store

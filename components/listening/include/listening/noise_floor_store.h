// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "listening/event_watch.h"
#include "listening/services.h"

namespace listening {

/// The noise floor over restarts.

/// Lets a floor go on from what was stored; returns whether there was something.
bool LoadFloor(Services& services, sound_events::NoiseFloor& floor);

/// Stores what the watch has learned, once it knows. To be called every few minutes: flash wears by it.
void StoreFloor(Services& services, const EventWatch& watch);

}  // namespace listening

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "capture.h"
#include "freertos/FreeRTOS.h"
#include "listening/device.h"

namespace firmware {

// The tasks that run a Device. What they are given lives for as long as the device runs.

/// Scores what capture hears.
void StartInference(Capture& capture, listening::Listener& listener);

/// Writes clips and journal.
void StartStorage(listening::ClipKeeper& clips, TickType_t period);

/// Keeps the device well: listening::Upkeep.
void StartUpkeep(listening::Device& device);

}  // namespace firmware

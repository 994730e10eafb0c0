// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "capture.h"
#include "esp_model_source.h"
#include "listening/device.h"
#include "services.h"
#include "update/updates.h"

namespace firmware {

// The names of the boot steps that listening does not have.
inline constexpr char kBoardStep[] = "board";
inline constexpr char kConsoleStep[] = "console";
inline constexpr char kMemoryStep[] = "memory";
inline constexpr char kNetworkStep[] = "network";
inline constexpr char kHttpStep[] = "http";
inline constexpr char kAudioStep[] = "audio";

/// Everything that runs; lives for as long as the device does.
struct App {
  App();

  Services services;
  EspModelSource source;
  update::Updates updates;
  listening::Device device;
  Capture capture;
};

/// Brings everything up, step by step.
void Boot(App& app);

/// Stores what a restart would lose, and restarts.
[[noreturn]] void ShutDown(App& app);

}  // namespace firmware

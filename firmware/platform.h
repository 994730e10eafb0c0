// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "listening/device_state.h"

namespace firmware {

/// What differs between the chip and Linux.

listening::MemoryState ReadMemory();

/// To be called before NVS is used.
void PrepareFlash();

/// Why this boot happened.
listening::Reset LastReset();

/// To be called before anything is written to flash: where it fails and CanWriteFlash() is false, nothing may be.
/// @return what there is of PSRAM, in words, or that there is none.
std::expected<std::string, std::string> CheckMemory();

/// Whether this app came by an update and nobody has confirmed it yet: the next restart goes back to the one before.
bool AppIsOnTrial();
/// Tells the bootloader that this app works, so that it stays. Does nothing when it is not on trial.
void ConfirmApp();
/// Marks this app as one that does not work, and restarts into the one before. Returns only where there is none: this
/// one is confirmed then, as a restart would not better it.
void RollBack();

/// @return why it cannot be set, in words.
std::expected<void, std::string> SetSystemTime(int64_t utc_us);

[[noreturn]] void Restart();

/// False where code was to run from PSRAM and there is none: caches stay on there while flash is written, and the code
/// that should be read from it then is not there.
bool CanWriteFlash();

const char* TargetName();

}  // namespace firmware

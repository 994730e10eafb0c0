// SPDX-License-Identifier: Apache-2.0
#pragma once

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

/// @return what there is of PSRAM, in words, or that there is none.
std::expected<std::string, std::string> CheckMemory();

/// Whether this app was just installed by an update and is not confirmed yet.
bool AppIsOnTrial();
/// Tells the bootloader that this app works, so that it is not rolled back.
void ConfirmApp();
/// Goes back to the app before this one.
void RollBack();

[[noreturn]] void Restart();

const char* TargetName();

}  // namespace firmware

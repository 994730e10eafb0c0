// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

namespace firmware {

/// What differs between the chip and Linux.

struct MemoryState {
  size_t free_heap;  ///< Internal RAM, bytes.
  size_t min_free_heap;
  std::optional<size_t> free_psram;
  std::optional<size_t> min_free_psram;
};
MemoryState ReadMemory();

/// To be called before NVS is used.
void PrepareFlash();

enum class ResetKind { kWanted, kCrash, kBrownout };
struct Reset {
  std::string name;
  ResetKind kind;
};
/// Why this boot happened.
Reset LastReset();

/// To be called before anything is written to flash: where it fails and CanWriteFlash() is false, nothing may be.
/// @return what there is of PSRAM, in words, or that there is none.
std::expected<std::string, std::string> CheckMemory();

/// Whether this app came by an update and nobody has confirmed it yet: the next restart goes back to the one before.
bool AppIsOnTrial();
/// Tells the bootloader that this app works, so that it stays. Does nothing when it is not on trial.
void ConfirmApp();
/// Marks this app as one that does not work, and restarts into the one before; without one, as after a first
/// flashing by cable, it restarts into this one.
[[noreturn]] void RollBack();

[[noreturn]] void Restart();

/// False where code was to run from PSRAM and there is none: caches stay on there while flash is written, and the code
/// that should be read from it then is not there.
bool CanWriteFlash();

const char* TargetName();

}  // namespace firmware

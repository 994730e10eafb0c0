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

/// @return what there is of PSRAM, in words, or that there is none.
std::expected<std::string, std::string> CheckMemory();

/// Tells the bootloader that this app works, so that it is not rolled back after an update.
void ConfirmApp();

[[noreturn]] void Restart();

const char* TargetName();

}  // namespace firmware

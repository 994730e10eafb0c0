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

/// How the device came up, and how often it did.
struct BootRecord {
  uint32_t count;
  std::string reset_reason;
  uint32_t panics;  ///< Restarts after a panic or a watchdog, over the device's life.
  uint32_t brownouts;
};
/// Reads the record from NVS, adds this boot and stores it.
std::expected<BootRecord, std::string> CountBoot();

/// @return what there is of PSRAM, in words, or that there is none.
std::expected<std::string, std::string> CheckMemory();

/// Tells the bootloader that this app works, so that it is not rolled back after an update.
void ConfirmApp();

[[noreturn]] void Restart();

const char* TargetName();

}  // namespace firmware

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "listening/services.h"

namespace listening {

enum class ResetKind { kWanted, kCrash, kBrownout };

/// Why a boot happened.
struct Reset {
  std::string name;
  ResetKind kind;
};

/// How the device came up, and how often it did. Kept over every reset.
struct BootRecord {
  uint32_t count = 0;
  uint32_t panics = 0;  ///< Restarts after a panic or a watchdog, over the device's life.
  uint32_t brownouts = 0;
  std::vector<std::string> history;  ///< The latest reset reasons, this boot's last.

  const std::string& reset_reason() const { return history.back(); }
};

/// Reads the record, adds this boot and stores it.
/// @return why it is not stored.
std::expected<BootRecord, std::string> CountBoot(Settings& settings, const Reset& reset);

/// Makes later boots count from here: a medium that was used by another device, or before the settings were erased,
/// has event ids that must not come again.
std::expected<void, std::string> RaiseBootCount(Settings& settings, BootRecord& record, uint32_t count);

}  // namespace listening

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

namespace firmware {

/// How the device came up, and how often it did. Kept in NVS, so that it outlives every reset.
struct BootRecord {
  uint32_t count;
  std::string reset_reason;
  uint32_t panics;  ///< Restarts after a panic or a watchdog, over the device's life.
  uint32_t brownouts;
  std::vector<std::string> history;  ///< The latest reset reasons, this boot's last.
};

/// Opens NVS, reads the record, adds this boot and stores it.
std::expected<BootRecord, std::string> CountBoot();

/// Stores a larger boot count than CountBoot() did: the next boot's is larger still.
void RaiseBootCount(uint32_t count);

}  // namespace firmware

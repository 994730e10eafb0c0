// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace clip_store {

/// NOR flash as its driver offers it: erasing sets a sector's bits, programming clears bits. Addresses are in bytes
/// from the beginning. Each call says whether the device did it; a power cut may stop one anywhere.
class FlashDevice {
 public:
  static constexpr uint32_t kSectorBytes = 4096;

  virtual ~FlashDevice() = default;
  virtual uint32_t sectors() const = 0;
  virtual bool Read(uint32_t address, std::span<uint8_t> bytes) = 0;
  virtual bool Program(uint32_t address, std::span<const uint8_t> bytes) = 0;
  virtual bool Erase(uint32_t sector) = 0;
  /// Several sectors, in any order: larger blocks at once where the device can.
  virtual bool EraseRange(uint32_t first, uint32_t count) {
    for (uint32_t sector = first; sector < first + count; ++sector) {
      if (!Erase(sector)) return false;
    }
    return true;
  }
};

}  // namespace clip_store

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "clip_store/flash_device.h"
#include "esp_partition.h"

namespace clip_store::esp {

/// A partition of the chip's flash.
class PartitionFlash final : public FlashDevice {
 public:
  /// @param partition  nullptr: there is none, and nothing may be done with it.
  explicit PartitionFlash(const esp_partition_t* partition) : partition_(partition) {}

  bool exists() const { return partition_ != nullptr; }
  uint32_t sectors() const override { return partition_->size / kSectorBytes; }
  bool Read(uint32_t address, std::span<uint8_t> bytes) override {
    return esp_partition_read(partition_, address, bytes.data(), bytes.size()) == ESP_OK;
  }
  bool Program(uint32_t address, std::span<const uint8_t> bytes) override {
    return esp_partition_write(partition_, address, bytes.data(), bytes.size()) == ESP_OK;
  }
  bool Erase(uint32_t sector) override { return EraseRange(sector, 1); }
  bool EraseRange(uint32_t first, uint32_t count) override {
    return esp_partition_erase_range(partition_, first * kSectorBytes, count * kSectorBytes) == ESP_OK;
  }

 private:
  const esp_partition_t* partition_;
};

}  // namespace clip_store::esp

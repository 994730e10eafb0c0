// SPDX-License-Identifier: Apache-2.0
// NOR flash in memory: programming only clears bits, erasing sets a whole sector's; a power cut tears either.
#pragma once

#include <cstdint>
#include <random>
#include <set>
#include <span>
#include <vector>

#include "clip_store/flash_device.h"
#include "clip_store/flash_log.h"

namespace native_tests {

class NorFlash : public clip_store::FlashDevice {
 public:
  struct Counts {
    uint64_t erases, programs, programmed_bytes, reads, read_bytes;
  };

  explicit NorFlash(uint32_t sectors, uint8_t fill = 0xFF) : content_(sectors * kSectorBytes, fill) {}

  // --- What tests command
  /// The power fails in the `operation`-th erase or program from now on (0: the next). What is left of it is chosen by
  /// the seed: nothing or all of it, a part of its bytes, any of its bits, and of an erase also garbage.
  void CutAt(uint64_t operation, uint32_t seed) {
    cut_at_ = operations_ + operation;
    random_.seed(seed);
  }
  bool lost_power() const { return lost_power_; }
  void Reboot() {
    lost_power_ = false;
    cut_at_ = UINT64_MAX;
  }
  /// Nothing sticks there any more.
  void WearOut(uint32_t sector) { worn_.insert(sector); }

  uint64_t operations() const { return operations_; }
  const Counts& counts() const { return counts_; }
  void ResetCounts() { counts_ = {}; }
  std::vector<uint8_t>& content() { return content_; }
  /// Of each sector since the beginning.
  const std::vector<uint32_t>& erases() const { return erases_; }

  // --- FlashDevice
  uint32_t sectors() const override { return static_cast<uint32_t>(content_.size() / kSectorBytes); }
  bool Read(uint32_t address, std::span<uint8_t> bytes) override;
  bool Program(uint32_t address, std::span<const uint8_t> bytes) override;
  bool Erase(uint32_t sector) override;

 private:
  /// Counts a change; false when the power fails in it.
  bool Change();

  std::vector<uint8_t> content_;
  std::vector<uint32_t> erases_ = std::vector<uint32_t>(content_.size() / kSectorBytes);
  std::set<uint32_t> worn_;
  std::mt19937 random_;
  Counts counts_{};
  uint64_t operations_ = 0;
  uint64_t cut_at_ = UINT64_MAX;
  bool lost_power_ = false;
};

/// The volume that FlashLog makes of it, as on the chip.
class FlashVolume : public clip_store::Volume {
 public:
  explicit FlashVolume(NorFlash& flash) : flash_(flash), log_(flash) {}
  std::string_view name() const override { return "flash"; }
  clip_store::StorageResult<clip_store::FileLayer*> Mount() override {
    if (auto mounted = log_.Mount(); !mounted) return std::unexpected(mounted.error());
    return &log_;
  }
  void Unmount() override {}
  bool Alive() override { return !flash_.lost_power(); }
  bool can_format() const override { return true; }
  clip_store::StorageResult<void> Format() override { return log_.Format(); }

 private:
  NorFlash& flash_;
  clip_store::FlashLog log_;
};

}  // namespace native_tests

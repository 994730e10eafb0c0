// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "listening/device.h"
#include "listening/patch_listener.h"
#include "sound_model/class_map.h"

namespace device_api {

/// What rules saw of the latest patches, an hour or so: levels and the strongest scores. Nothing is allocated.
class PatchHistory final : public listening::PatchListener {
 public:
  static constexpr size_t kStrongest = 16;

  struct Patch {
    int64_t start_sample;
    int16_t level;  ///< Hundredths of a decibel, as is the floor.
    int16_t floor;
    int16_t minute_of_day;
    sound_events::PatternStrengths patterns;
    std::array<uint16_t, kStrongest> index;
    std::array<int8_t, kStrongest> score;
  };

  /// @param device  outlives this, as does the memory, on the chip in PSRAM; there may be none.
  PatchHistory(listening::Device& device, std::span<Patch> memory);

  void OnPatch(const listening::ScoredPatch& patch) override;

  // From any task. Patches are numbered from 1 since boot.
  uint64_t latest() const;
  uint64_t oldest() const;  ///< That is still there.
  /// @return nothing when it is not there any more.
  std::optional<Patch> At(uint64_t number) const;
  sound_model::Quantization quantization() const;  ///< Of the scores.

 private:
  uint64_t OldestLocked() const { return latest_ >= memory_.size() ? latest_ - memory_.size() + 1 : 1; }

  listening::Device& device_;
  std::span<Patch> memory_;
  std::unique_ptr<base::Lock> lock_;
  uint64_t latest_ = 0;
  sound_model::Quantization quantization_{1.0f / 256, -128};
};

}  // namespace device_api

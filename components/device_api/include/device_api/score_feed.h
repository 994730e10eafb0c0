// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "listening/patch_listener.h"
#include "listening/services.h"
#include "sound_model/class_map.h"

namespace device_api {

/// The log-mel spectrogram of what is new with a patch, made small: a byte for each 40 ms and band, 0 to 255.
struct MelStrip {
  static constexpr size_t kFrames = 12;
  static constexpr size_t kBands = 64;
  std::array<uint8_t, kFrames * kBands> values;  ///< The oldest frame first, the lowest band first.
};

/// The scores of the latest patches, for whoever watches. The task that hears copies them and goes on.
class ScoreFeed final : public listening::PatchListener {
 public:
  struct Patch {
    uint64_t number;  ///< Counts patches since boot, from 1.
    int64_t start_sample;
    sound_model::Quantization quantization;
    std::array<int8_t, sound_model::kMostClasses> values;
    size_t classes;
    MelStrip mel;

    std::span<const int8_t> scores() const { return std::span(values).first(classes); }
  };

  /// @param services  outlives this.
  explicit ScoreFeed(listening::Services& services) : services_(services), lock_(services.MakeLock()) {}

  void OnPatch(const listening::ScoredPatch& patch) override;

  /// From any task.
  uint64_t latest() const;  ///< Number of the newest patch; 0 before the first.
  bool listening() const;   ///< Whether there was one within the last two seconds.
  /// @return the patch after this number, or the oldest that is still there if that is gone; nothing yet.
  std::optional<Patch> After(uint64_t number) const;

 private:
  static constexpr size_t kKept = 8;
  static constexpr int64_t kAliveUs = 2'000'000;

  listening::Services& services_;
  std::unique_ptr<base::Lock> lock_;
  std::array<Patch, kKept> patches_{};
  uint64_t latest_ = 0;
  int64_t latest_us_ = 0;  ///< Uptime.
};

}  // namespace device_api

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/level.h"
#include "log_mel/spec.h"
#include "sound_events/noise_floor.h"

namespace sound_events {

/// How loud a patch and the place around it are.
struct PatchLevel {
  int64_t start_sample;       ///< Of the patch.
  base::CentiDecibels level;  ///< The loudest 120 ms within the patch, so that a bang counts in full.
  base::CentiDecibels floor;  ///< The noise floor when the patch was complete.
};

/// PCM in, one PatchLevel per patch out, at the positions where log_mel::PatchStream fed with the same samples (and
/// reset at the same places) has its patches; feeds a NoiseFloor on the way. Blocks may have any size: the levels
/// depend on the samples alone. Nothing is allocated.
class LevelStream {
 public:
  explicit LevelStream(NoiseFloor floor) : floor_(floor) {}

  /// Takes all of `pcm` and calls `on_level(const PatchLevel&)` for each patch that it completes.
  template <typename OnLevel>
  void Feed(std::span<const int16_t> pcm, OnLevel&& on_level) {
    while (!pcm.empty()) {
      pcm = pcm.subspan(Take(pcm));
      if (grain_.samples == 0 && PatchIsComplete()) on_level(Measure());
    }
  }

  /// Forgets the samples held, as after a gap: no patch spans it. What the noise floor learned stays.
  /// @param next_sample  the position of the next sample to be fed.
  void Reset(int64_t next_sample = 0);

  const NoiseFloor& floor() const { return floor_; }
  NoiseFloor& floor() { return floor_; }

 private:
  /// The largest stretch of which a block, a patch's span and its hop are all multiples.
  static constexpr int kGrainSamples = 240;
  static constexpr int kPatchGrains = log_mel::kYamnetSpec.patch_samples() / kGrainSamples;
  static constexpr int kHopGrains = log_mel::kYamnetSpec.patch_hop * log_mel::kYamnetSpec.frame_hop / kGrainSamples;
  static constexpr int kBlockGrains = NoiseFloor::kBlockSamples / kGrainSamples;
  static_assert(kPatchGrains * kGrainSamples == log_mel::kYamnetSpec.patch_samples());
  static_assert(kHopGrains * kGrainSamples == log_mel::kYamnetSpec.patch_hop * log_mel::kYamnetSpec.frame_hop);
  static_assert(kBlockGrains * kGrainSamples == NoiseFloor::kBlockSamples);

  size_t Take(std::span<const int16_t> pcm);
  void EndGrain();
  bool PatchIsComplete() const;
  PatchLevel Measure() const;

  NoiseFloor floor_;
  std::array<base::Power, kPatchGrains> grains_{};  ///< A ring.
  int64_t grain_count_ = 0;                         ///< Since the last reset.
  base::Power grain_;                               ///< The one that is being filled.
  int64_t first_sample_ = 0;
};

}  // namespace sound_events

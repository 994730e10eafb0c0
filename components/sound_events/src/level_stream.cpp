// SPDX-License-Identifier: Apache-2.0
#include "sound_events/level_stream.h"

#include <algorithm>

namespace sound_events {

size_t LevelStream::Take(std::span<const int16_t> pcm) {
  const size_t taken = std::min<size_t>(pcm.size(), kGrainSamples - grain_.samples);
  grain_.Add(pcm.first(taken));
  if (grain_.samples == kGrainSamples) EndGrain();
  return taken;
}

void LevelStream::EndGrain() {
  grains_[grain_count_ % kPatchGrains] = grain_;
  ++grain_count_;
  grain_ = {};
  if (grain_count_ % kBlockGrains != 0) return;
  base::Power block;
  for (int64_t grain = grain_count_ - kBlockGrains; grain < grain_count_; ++grain)
    block += grains_[grain % kPatchGrains];
  floor_.Observe(block.Level());
}

bool LevelStream::PatchIsComplete() const {
  return grain_count_ >= kPatchGrains && (grain_count_ - kPatchGrains) % kHopGrains == 0;
}

PatchLevel LevelStream::Measure() const {
  const int64_t first = grain_count_ - kPatchGrains;
  base::Power block;
  base::Power loudest{.sum_of_squares = 0, .samples = NoiseFloor::kBlockSamples};
  for (int64_t grain = first; grain < grain_count_; ++grain) {
    block += grains_[grain % kPatchGrains];
    if (grain >= first + kBlockGrains) block -= grains_[(grain - kBlockGrains) % kPatchGrains];
    loudest.sum_of_squares = std::max(loudest.sum_of_squares, block.sum_of_squares);
  }
  return {.start_sample = first_sample_ + first * kGrainSamples, .level = loudest.Level(), .floor = floor_.floor()};
}

void LevelStream::Reset(int64_t next_sample) {
  grain_count_ = 0;
  grain_ = {};
  first_sample_ = next_sample;
}

}  // namespace sound_events

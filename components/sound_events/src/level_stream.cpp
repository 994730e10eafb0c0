// SPDX-License-Identifier: Apache-2.0
#include "sound_events/level_stream.h"

#include <algorithm>

namespace sound_events {

size_t LevelStream::Take(std::span<const int16_t> pcm) {
  const size_t taken = std::min<size_t>(pcm.size(), kGrainSamples - in_grain_);
  for (const int32_t sample : pcm.first(taken)) grain_sum_ += static_cast<uint32_t>(sample * sample);
  in_grain_ += static_cast<int>(taken);
  if (in_grain_ == kGrainSamples) EndGrain();
  return taken;
}

void LevelStream::EndGrain() {
  grains_[grain_count_ % kPatchGrains] = grain_sum_;
  ++grain_count_;
  grain_sum_ = 0;
  in_grain_ = 0;
  if (grain_count_ % kBlockGrains != 0) return;
  uint64_t sum = 0;
  for (int64_t grain = grain_count_ - kBlockGrains; grain < grain_count_; ++grain) sum += grains_[grain % kPatchGrains];
  floor_.Observe(LevelOf(sum, NoiseFloor::kBlockSamples));
}

bool LevelStream::PatchIsComplete() const {
  return grain_count_ >= kPatchGrains && (grain_count_ - kPatchGrains) % kHopGrains == 0;
}

PatchLevel LevelStream::Measure() const {
  const int64_t first = grain_count_ - kPatchGrains;
  uint64_t sum = 0;
  uint64_t loudest = 0;
  for (int64_t grain = first; grain < grain_count_; ++grain) {
    sum += grains_[grain % kPatchGrains];
    if (grain >= first + kBlockGrains) sum -= grains_[(grain - kBlockGrains) % kPatchGrains];
    loudest = std::max(loudest, sum);
  }
  return {.start_sample = first_sample_ + first * kGrainSamples,
          .level = LevelOf(loudest, NoiseFloor::kBlockSamples),
          .floor = floor_.floor()};
}

void LevelStream::Reset(int64_t next_sample) {
  grain_count_ = 0;
  grain_sum_ = 0;
  in_grain_ = 0;
  first_sample_ = next_sample;
}

}  // namespace sound_events

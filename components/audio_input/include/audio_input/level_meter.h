// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace audio_input {

inline constexpr float kSilenceDbfs = -120.0f;

/// RMS level of the samples added since it was last taken. 0 dBFS is a full-scale square wave, so that a full-scale
/// sine has -3.01 dBFS.
class LevelMeter {
 public:
  void Add(std::span<const int16_t> pcm);

  /// @return dBFS, kSilenceDbfs at least, also when no sample was added; starts over.
  float Take();

 private:
  uint64_t sum_of_squares_ = 0;
  uint64_t samples_ = 0;
};

}  // namespace audio_input

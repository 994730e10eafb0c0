// SPDX-License-Identifier: Apache-2.0
#include "audio_input/level_meter.h"

#include <algorithm>
#include <cmath>

namespace audio_input {

void LevelMeter::Add(std::span<const int16_t> pcm) {
  for (const int16_t sample : pcm) sum_of_squares_ += static_cast<uint32_t>(int32_t{sample} * sample);
  samples_ += pcm.size();
}

float LevelMeter::Take() {
  constexpr float kFullScaleSquared = 32768.0f * 32768.0f;
  const float mean =
      samples_ == 0 ? 0.0f : static_cast<float>(sum_of_squares_) / static_cast<float>(samples_) / kFullScaleSquared;
  sum_of_squares_ = 0;
  samples_ = 0;
  return mean > 0.0f ? std::max(kSilenceDbfs, 10.0f * std::log10(mean)) : kSilenceDbfs;
}

}  // namespace audio_input

// SPDX-License-Identifier: Apache-2.0
#include "audio_input/liveness.h"

namespace audio_input {

std::string_view LivenessName(Liveness liveness) {
  switch (liveness) {
    case Liveness::kAlive:
      return "alive";
    case Liveness::kNoData:
      return "no data";
    case Liveness::kZeros:
      return "all zeros";
    case Liveness::kStuck:
      break;
  }
  return "stuck at one value";
}

Liveness LivenessMonitor::Update(std::span<const int16_t> pcm, int64_t now_ms) {
  if (!pcm.empty()) last_data_ms_ = now_ms;
  for (const int16_t sample : pcm) {
    if (sample == last_value_) continue;
    last_value_ = sample;
    last_change_ms_ = now_ms;
  }
  if (now_ms - last_data_ms_ >= kDeadAfterMs) return Liveness::kNoData;
  if (now_ms - last_change_ms_ < kDeadAfterMs) return Liveness::kAlive;
  return last_value_ == 0 ? Liveness::kZeros : Liveness::kStuck;
}

}  // namespace audio_input

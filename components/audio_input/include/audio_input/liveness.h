// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace audio_input {

inline constexpr int64_t kDeadAfterMs = 2000;

enum class Liveness {
  kAlive,
  kNoData,  ///< Nothing came for kDeadAfterMs.
  kZeros,   ///< Nothing but zeros: the codec sends no data, or a data pin is wrong.
  kStuck,   ///< Nothing but one other value.
};

std::string_view LivenessName(Liveness liveness);

/// Tells a dead microphone from a quiet room: a working ADC never gives the same value for two seconds.
class LivenessMonitor {
 public:
  explicit LivenessMonitor(int64_t now_ms) : last_data_ms_(now_ms), last_change_ms_(now_ms) {}

  /// @param pcm  what came in, possibly nothing.
  /// @param now_ms  a clock that never goes back.
  Liveness Update(std::span<const int16_t> pcm, int64_t now_ms);

 private:
  int16_t last_value_ = 0;
  int64_t last_data_ms_;
  int64_t last_change_ms_;
};

}  // namespace audio_input

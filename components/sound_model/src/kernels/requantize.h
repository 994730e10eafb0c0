// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace sound_model::kernels {

/// What turns 32-bit sums into int8, channel by channel.
struct OutputStage {
  const int32_t* bias;        ///< With the input's zero point worked in: see FoldedBias().
  const int32_t* multiplier;  ///< Q31, not negative.
  const int32_t* shift;       ///< 0 to -31: the multiplier's exponent.
  int32_t zero_point;
  int32_t lowest;  ///< Of the fused activation.
  int32_t highest;
};

/// bias + sum of weights * -zero point of the input: with it, sums over raw inputs are those over inputs without zero
/// point.
inline int32_t FoldedBias(int32_t bias, int32_t weight_sum, int32_t input_zero_point) {
  return bias - weight_sum * input_zero_point;
}

/// TensorFlow Lite's MultiplyByQuantizedMultiplier for shifts of at most 0, step for step: a doubling high product that
/// rounds halves up, then a division by a power of two that rounds halves away from zero.
/// (tensorflow/lite/kernels/internal/common.cc without TFLITE_SINGLE_ROUNDING)
/// @param value  twice of it fits 32 bits: CheckModel() refuses models whose sums could be larger.
inline int32_t MultiplyQuantized(int32_t value, int32_t multiplier, int32_t shift) {
  // (value * multiplier + 2^30) >> 31, as two halves of 32 bits: the carry of the rounding is the lower one's top bit.
  const int64_t doubled = int64_t{2 * value} * multiplier;
  const auto high = static_cast<int32_t>(doubled >> 32) + static_cast<int32_t>(static_cast<uint32_t>(doubled) >> 31);
  if (shift == 0) return high;
  return (high + ((int32_t{1} << -shift) >> 1) + (high >> 31)) >> -shift;
}

inline int8_t Requantize(int32_t sum, const OutputStage& stage, int channel) {
  const int32_t scaled = MultiplyQuantized(sum + stage.bias[channel], stage.multiplier[channel], stage.shift[channel]);
  return static_cast<int8_t>(std::clamp(scaled + stage.zero_point, stage.lowest, stage.highest));
}

}  // namespace sound_model::kernels

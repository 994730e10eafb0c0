// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace sound_model::kernels {

/// What turns 32-bit sums into int8, channel by channel.
struct OutputStage {
  const int32_t* doubled_bias;   ///< See DoubledBias().
  const int32_t* multiplier;     ///< Q31, not negative.
  const int32_t* further_shift;  ///< Right shifts after the first one, 0 to 30; kNoShift where there is not even that.
  int32_t zero_point;
  int32_t lowest;  ///< Of the fused activation.
  int32_t highest;
};

inline constexpr int32_t kNoShift = -1;

/// TensorFlow Lite's exponent of a multiplier, 0 to -31, as OutputStage wants it.
inline int32_t FurtherShift(int32_t exponent) { return -exponent - 1; }

/// Twice bias + sum of weights * -zero point of the input: with it, sums over raw inputs are those over inputs without
/// zero point. It fits 32 bits, with the sum added, too: CheckModel() refuses models where it would not.
inline int32_t DoubledBias(int32_t bias, int32_t weight_sum, int32_t input_zero_point) {
  return 2 * (bias - weight_sum * input_zero_point);
}

inline bool EveryChannelShifts(const OutputStage& stage, int channels) {
  return std::find(stage.further_shift, stage.further_shift + channels, kNoShift) == stage.further_shift + channels;
}

/// TensorFlow Lite's MultiplyByQuantizedMultiplier for exponents of at most 0, step for step: a doubling high product
/// that rounds halves up, then a division by a power of two that rounds halves away from zero.
/// (tensorflow/lite/kernels/internal/common.cc without TFLITE_SINGLE_ROUNDING)
/// @tparam kShifts  EveryChannelShifts(): saves looking.
template <bool kShifts>
int8_t Requantize(int32_t sum, const OutputStage& stage, int channel) {
  // (value * multiplier + 2^30) >> 31, as two halves of 32 bits: the carry of the rounding is the lower one's top bit.
  const int64_t product = int64_t{2 * sum + stage.doubled_bias[channel]} * stage.multiplier[channel];
  const auto high = static_cast<int32_t>(product >> 32) + static_cast<int32_t>(static_cast<uint32_t>(product) >> 31);
  const int32_t shift = stage.further_shift[channel];
  // The last of the shifts rounds, and takes the zero point along.
  const int32_t value = kShifts || shift != kNoShift
                            ? (((high + (high >> 31)) >> shift) + (1 + 2 * stage.zero_point)) >> 1
                            : high + stage.zero_point;
  return static_cast<int8_t>(std::clamp(value, stage.lowest, stage.highest));
}

}  // namespace sound_model::kernels

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace sound_model::kernels {

/// What turns 32-bit sums into int8, channel by channel.
struct OutputStage {
  const int32_t* bias;           ///< See FoldedBias().
  const int32_t* multiplier;     ///< Q31, not negative.
  const int32_t* further_shift;  ///< Right shifts after the first one, 0 to 30; kNoShift where there is not even that.
  int32_t zero_point;
  int32_t lowest;  ///< Of the fused activation.
  int32_t highest;
  bool one_product;  ///< InOneProduct() of every channel.
};

inline constexpr int32_t kNoShift = -1;

/// TensorFlow Lite's exponent of a multiplier, 0 to -31, as OutputStage wants it.
inline int32_t FurtherShift(int32_t exponent) { return -exponent - 1; }

/// bias + sum of weights * -zero point of the input: with it, sums over raw inputs are those over inputs without zero
/// point. Twice it fits 32 bits, with the sum added, too: CheckModel() refuses models where it would not.
inline int32_t FoldedBias(int32_t bias, int32_t weight_sum, int32_t input_zero_point) {
  return bias - weight_sum * input_zero_point;
}

/// TensorFlow Lite's MultiplyByQuantizedMultiplier for exponents of at most 0, step for step: a doubling high product
/// that rounds halves up, then a division by a power of two that rounds halves away from zero.
/// (tensorflow/lite/kernels/internal/common.cc without TFLITE_SINGLE_ROUNDING)
inline int8_t Requantize(int32_t sum, const OutputStage& stage, int channel) {
  // (value * multiplier + 2^30) >> 31, as two halves of 32 bits: the carry of the rounding is the lower one's top bit.
  const int64_t product = int64_t{2 * (sum + stage.bias[channel])} * stage.multiplier[channel];
  const auto high = static_cast<int32_t>(product >> 32) + static_cast<int32_t>(static_cast<uint32_t>(product) >> 31);
  const int32_t shift = stage.further_shift[channel];
  // The last of the shifts rounds, and takes the zero point along.
  const int32_t value = shift != kNoShift ? (((high + (high >> 31)) >> shift) + (1 + 2 * stage.zero_point)) >> 1
                                          : high + stage.zero_point;
  return static_cast<int8_t>(std::clamp(value, stage.lowest, stage.highest));
}

/// Requantize() with one high product, for channels that are InOneProduct():
///     clamp((high(8 * value * multiplier) + offset) >> shift)
/// Both roundings are floors of sums then, and floors of floors are one:
///     high(8 v m) = floor(v m / 2^29), so that the first rounding, floor(v m / 2^31 + 1/2), is (high + 2) >> 2;
///     the second, of e bits, is (that + 2^(e-1)) >> e, except that halves below zero go away from zero. These, like
///     all below zero, are at most the zero point when it is added, and the lowest value is not below it.
struct OneProduct {
  int32_t multiplier;
  int32_t offset;
  int32_t shift;

  OneProduct() = default;
  OneProduct(const OutputStage& stage, int channel) : multiplier(stage.multiplier[channel]) {
    const int32_t exponent = stage.further_shift[channel] + 1;
    shift = exponent + 2;
    offset = 2 + (exponent > 0 ? 2 << exponent : 0) + stage.zero_point * (1 << shift);
  }

  /// @param value  sum and bias.
  int8_t operator()(int32_t value) const {
    const auto high = static_cast<int32_t>((int64_t{8 * value} * multiplier) >> 32);
    return static_cast<int8_t>(std::clamp<int32_t>((high + offset) >> shift, -128, 127));
  }
};

/// Whether OneProduct gives what Requantize() gives for all sums that a channel can have.
/// @param most  the largest absolute value of sum and bias.
inline bool InOneProduct(const OutputStage& stage, int channel, int64_t most) {
  constexpr int32_t kMostShifts = 18;  // high is below 2^30, and 128 << (kMostShifts + 3) below 2^29
  return stage.zero_point == -128 && stage.lowest == -128 && stage.highest == 127 &&
         stage.further_shift[channel] <= kMostShifts && most < (int64_t{1} << 28);
}

}  // namespace sound_model::kernels

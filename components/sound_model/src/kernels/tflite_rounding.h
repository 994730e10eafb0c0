// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

// TensorFlow Lite's definition (lite/kernels/internal/common.cc, without TFLITE_SINGLE_ROUNDING), as it stands there.
namespace tflite_rounding {

inline int32_t SaturatingRoundingDoublingHighMul(int32_t a, int32_t b) {
  constexpr int32_t kLowest = std::numeric_limits<int32_t>::min();
  if (a == kLowest && b == kLowest) return std::numeric_limits<int32_t>::max();
  const int64_t product = int64_t{a} * b;
  const int32_t nudge = product >= 0 ? 1 << 30 : 1 - (1 << 30);
  return static_cast<int32_t>((product + nudge) / (int64_t{1} << 31));
}

/// @param exponent  0 to 31.
inline int32_t RoundingDivideByPowerOfTwo(int32_t x, int exponent) {
  const auto mask = static_cast<int32_t>((int64_t{1} << exponent) - 1);
  const int32_t remainder = x & mask;
  const int32_t threshold = (mask >> 1) + (x < 0);
  return (x >> exponent) + (remainder > threshold);
}

/// @param exponent  of the multiplier: left shift, -31 to 30; what is shifted left fits 32 bits.
inline int32_t MultiplyByQuantizedMultiplier(int32_t x, int32_t multiplier, int exponent) {
  const int left = std::max(exponent, 0);
  return RoundingDivideByPowerOfTwo(SaturatingRoundingDoublingHighMul(x * (1 << left), multiplier), left - exponent);
}

/// @param total     sum of products and bias.
/// @param exponent  right shift, 0 to 31.
inline int8_t Requantize(int32_t total, int32_t multiplier, int exponent, int32_t zero_point) {
  const int32_t scaled = MultiplyByQuantizedMultiplier(total, multiplier, -exponent);
  return static_cast<int8_t>(std::clamp(scaled + zero_point, int32_t{-128}, int32_t{127}));
}

}  // namespace tflite_rounding

// SPDX-License-Identifier: Apache-2.0
#include "quantization.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sound_model::chain {
namespace {

enum Activation { kNone = 0, kRelu = 1, kReluN1To1 = 2, kRelu6 = 3 };

constexpr int32_t kLowest = std::numeric_limits<int8_t>::min();
constexpr int32_t kHighest = std::numeric_limits<int8_t>::max();

int32_t Quantize(float value, float scale, int32_t zero_point) {
  return zero_point + static_cast<int32_t>(std::round(value / scale));
}

}  // namespace

Multiplier QuantizeMultiplier(double real) {
  constexpr double kOne = int64_t{1} << 31;
  constexpr int kSmallestExponent = -31;
  int exponent;
  auto value = static_cast<int64_t>(std::round(std::frexp(real, &exponent) * kOne));
  if (value == int64_t{1} << 31) {
    value /= 2;
    ++exponent;
  }
  if (exponent < kSmallestExponent) return {0, 0};
  return {static_cast<int32_t>(value), exponent};
}

Range ActivationRange(int8_t activation, float scale, int32_t zero_point) {
  Range range{kLowest, kHighest};
  if (activation == kRelu || activation == kRelu6) range.lowest = std::max(kLowest, Quantize(0.0f, scale, zero_point));
  if (activation == kRelu6) range.highest = std::min(kHighest, Quantize(6.0f, scale, zero_point));
  if (activation == kReluN1To1) {
    range.lowest = std::max(kLowest, Quantize(-1.0f, scale, zero_point));
    range.highest = std::min(kHighest, Quantize(1.0f, scale, zero_point));
  }
  return range;
}

}  // namespace sound_model::chain

// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite's int8 LOGISTIC (lite/kernels/internal/reference/integer_ops/logistic.h) on gemmlowp's fixed-point
// numbers of 32 bits (gemmlowp/fixedpoint/fixedpoint.h): those here named with n integer bits have 31 - n fraction
// bits.
#include "logistic.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../kernels/tflite_rounding.h"

namespace sound_model::chain {
namespace {

using tflite_rounding::RoundingDivideByPowerOfTwo;

constexpr int32_t kOne = std::numeric_limits<int32_t>::max();  ///< With 0 integer bits.
constexpr int kInputIntegerBits = 4;
constexpr int kInputFractionBits = 31 - kInputIntegerBits;

/// Integer bits of a product are those of both factors.
int32_t Times(int32_t a, int32_t b) { return tflite_rounding::SaturatingRoundingDoublingHighMul(a, b); }

int32_t ShiftLeftSaturating(int32_t value, int shift) {
  const int32_t most = kOne >> shift;
  if (value > most) return kOne;
  if (value < -most) return std::numeric_limits<int32_t>::min();
  return value * (1 << shift);
}

/// exp(a) for a in [-1/4, 0), 0 integer bits: Taylor's series around -1/8.
int32_t ExpAboveMinusQuarter(int32_t a) {
  constexpr int32_t kExpOfMinusEighth = 1895147668;
  constexpr int32_t kThird = 715827883;
  const int32_t x = a + (1 << 28);
  const int32_t x2 = Times(x, x);
  const int32_t x3 = Times(x2, x);
  const int32_t quarter_x4 = RoundingDivideByPowerOfTwo(Times(x2, x2), 2);
  const int32_t higher = RoundingDivideByPowerOfTwo(Times(quarter_x4 + x3, kThird) + x2, 1);
  return kExpOfMinusEighth + Times(kExpOfMinusEighth, x + higher);
}

/// exp(a) with 0 integer bits.
/// @param a  at most 0, with kInputIntegerBits.
int32_t ExpOfNegative(int32_t a) {
  constexpr int32_t kFactors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401};  // exp(-1/4), …
  constexpr int kQuarterBit = kInputFractionBits - 2;
  constexpr int32_t kQuarter = 1 << kQuarterBit;
  if (a == 0) return kOne;
  const int32_t fraction = (a & (kQuarter - 1)) - kQuarter;
  int32_t result = ExpAboveMinusQuarter(ShiftLeftSaturating(fraction, kInputIntegerBits));
  const int32_t quarters = fraction - a;
  for (int i = 0; i < static_cast<int>(std::size(kFactors)); ++i) {
    if (quarters & (1 << (kQuarterBit + i))) result = Times(result, kFactors[i]);
  }
  return result;
}

/// 1 / (1 + a) for a in (0, 1), 0 integer bits: Newton's method, from 48/17 - 32/17 of the half denominator on.
int32_t OneOverOnePlus(int32_t a) {
  constexpr int32_t k48Over17 = 1515870810;  // 2 integer bits
  constexpr int32_t kMinus32Over17 = -1010580540;
  constexpr int32_t kOneOf2 = 1 << 29;
  const auto half_denominator = static_cast<int32_t>((int64_t{a} + kOne + 1) / 2);
  int32_t x = k48Over17 + Times(half_denominator, kMinus32Over17);
  for (int i = 0; i < 3; ++i) x += ShiftLeftSaturating(Times(x, kOneOf2 - Times(half_denominator, x)), 2);
  return ShiftLeftSaturating(x, 1);  // halved, 1 integer bit less
}

/// @param x  with kInputIntegerBits.
int32_t Logistic(int32_t x) {
  if (x == 0) return 1 << 30;
  const int32_t positive = OneOverOnePlus(ExpOfNegative(x > 0 ? -x : x));
  return x > 0 ? positive : kOne - positive;
}

}  // namespace

LogisticTable MakeLogisticTable(float scale, int32_t zero_point) {
  constexpr int kOutputFractionBits = 8;
  constexpr int32_t kLowest = std::numeric_limits<int8_t>::min();
  constexpr int32_t kHighest = std::numeric_limits<int8_t>::max();
  int exponent;
  const double fraction = std::frexp(double{scale} * (1 << kInputFractionBits), &exponent);
  const auto multiplier = static_cast<int32_t>(std::round(fraction * (int64_t{1} << 31)));
  // Inputs further from zero saturate.
  const auto radius = static_cast<int32_t>((int64_t{(1 << kInputIntegerBits) - 1} << kInputFractionBits) >> exponent);
  LogisticTable table;
  for (int32_t i = 0; i < static_cast<int32_t>(table.size()); ++i) {
    const int32_t input = i + kLowest - zero_point;
    int32_t output = input > 0 ? kHighest : kLowest;  // with radius 0 the lowest comes first
    if (std::abs(input) < radius) {
      const int32_t x = tflite_rounding::MultiplyByQuantizedMultiplier(input, multiplier, exponent);
      output = kLowest + RoundingDivideByPowerOfTwo(Logistic(x), 31 - kOutputFractionBits);
    }
    table[static_cast<size_t>(i)] = static_cast<int8_t>(std::clamp(output, kLowest, kHighest));
  }
  return table;
}

}  // namespace sound_model::chain

// SPDX-License-Identifier: Apache-2.0
// Requantize() against TensorFlow Lite's definition (lite/kernels/internal/common.cc), written as it stands there, for
// every exponent a multiplier can have.
#include "kernels/requantize.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <random>

namespace {

namespace kernels = sound_model::kernels;

int32_t SaturatingRoundingDoublingHighMul(int32_t a, int32_t b) {
  const int64_t product = int64_t{a} * b;
  const int32_t nudge = product >= 0 ? 1 << 30 : 1 - (1 << 30);
  return static_cast<int32_t>((product + nudge) / (int64_t{1} << 31));
}

int32_t RoundingDivideByPowerOfTwo(int32_t x, int exponent) {
  const auto mask = static_cast<int32_t>((int64_t{1} << exponent) - 1);
  const int32_t remainder = x & mask;
  const int32_t threshold = (mask >> 1) + (x < 0);
  return (x >> exponent) + (remainder > threshold);
}

}  // namespace

int main() {
  constexpr int32_t kLargestBias = 1000;
  constexpr int32_t kLargestSum = std::numeric_limits<int32_t>::max() / 2 - kLargestBias;  // CheckModel() sees to it
  std::mt19937 random(1);
  const auto between = [&](int32_t low, int32_t high) { return std::uniform_int_distribution(low, high)(random); };
  for (int round = 0; round < 2'000'000; ++round) {
    const int exponent = -between(0, 31);
    const int32_t multiplier = between(1 << 30, std::numeric_limits<int32_t>::max());
    const int32_t size = round % 8 == 0 ? kLargestSum : between(0, kLargestSum) >> between(0, 30);
    const int32_t total = between(-1, 1) * std::max(0, size - between(0, 2));
    const int32_t bias = between(-kLargestBias, kLargestBias);
    const int32_t zero_point = between(-128, 127);
    const int32_t doubled_bias = 2 * bias;
    const int32_t further_shift = kernels::FurtherShift(exponent);
    const kernels::OutputStage stage{.doubled_bias = &doubled_bias,
                                     .multiplier = &multiplier,
                                     .further_shift = &further_shift,
                                     .zero_point = zero_point,
                                     .lowest = -128,
                                     .highest = 127};
    const int32_t scaled =
        RoundingDivideByPowerOfTwo(SaturatingRoundingDoublingHighMul(total, multiplier), -exponent) + zero_point;
    const int expected = std::clamp(scaled, -128, 127);
    const int got = kernels::EveryChannelShifts(stage, 1) ? kernels::Requantize<true>(total - bias, stage, 0)
                                                          : kernels::Requantize<false>(total - bias, stage, 0);
    if (got != expected) {
      std::printf("sum %d, multiplier %d, exponent %d, zero point %d: %d, not %d\n", static_cast<int>(total),
                  static_cast<int>(multiplier), exponent, static_cast<int>(zero_point), got, expected);
      return 1;
    }
  }
  return 0;
}

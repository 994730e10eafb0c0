// SPDX-License-Identifier: Apache-2.0
#include "base/level.h"

#include <bit>

namespace base {
namespace {

constexpr int kFractionBits = 16;

/// log2 of a positive number with 16 fraction bits: the mantissa squared again and again, one bit each time.
int64_t Log2(uint64_t value) {
  const int exponent = std::bit_width(value) - 1;
  uint64_t mantissa = exponent <= 31 ? value << (31 - exponent) : value >> (exponent - 31);
  int64_t fraction = 0;
  for (int bit = 0; bit < kFractionBits; ++bit) {
    mantissa = mantissa * mantissa >> 31;
    fraction <<= 1;
    if (mantissa >= uint64_t{1} << 32) {
      mantissa >>= 1;
      fraction |= 1;
    }
  }
  return (static_cast<int64_t>(exponent) << kFractionBits) + fraction;
}

}  // namespace

CentiDecibels Power::Level() const {
  if (sum_of_squares == 0) return kSilence;
  constexpr int64_t kFullScaleSquared = int64_t{30} << kFractionBits;
  const int64_t log2 = Log2(sum_of_squares) - Log2(samples) - kFullScaleSquared;
  // 100 * 10 log10(2) = 301.02999566
  return static_cast<CentiDecibels>((log2 * 30103 / 100 + (1 << (kFractionBits - 1))) >> kFractionBits);
}

}  // namespace base

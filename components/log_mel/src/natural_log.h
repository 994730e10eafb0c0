// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

namespace log_mel {

/// ln(x) for positive normal x, within 1 unit in the last place of a float32. Written out so that PC and chip, whose C
/// libraries differ in the last bit, give the same numbers. Method and polynomial: Cephes logf (S. L. Moshier).
inline float NaturalLog(float x) {
  constexpr uint32_t kSqrtHalfBits = 0x3f3504f3;
  constexpr uint32_t kMantissaMask = 0x007fffff;
  constexpr int kMantissaBits = 23;
  // x = 2^exponent * m with m in [sqrt(1/2), sqrt(2)).
  const uint32_t offset_bits = std::bit_cast<uint32_t>(x) - kSqrtHalfBits;
  const auto exponent = static_cast<float>(static_cast<int32_t>(offset_bits) >> kMantissaBits);
  const float m = std::bit_cast<float>((offset_bits & kMantissaMask) + kSqrtHalfBits) - 1.0f;

  const float m2 = m * m;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  p = p * m * m2;

  // ln 2 in two parts, the first with few enough bits for an exact product.
  p += exponent * -2.12194440e-4f;
  p -= 0.5f * m2;
  return m + p + exponent * 0.693359375f;
}

}  // namespace log_mel

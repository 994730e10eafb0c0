// SPDX-License-Identifier: Apache-2.0
// Any processor: the compiler makes of these vectors what there is, NEON or SSE2.
#include "arithmetic.h"
#include "kernel_sets.h"

namespace sound_model::wide {
namespace {

struct Plain {
  using Input = int16_t;
  using Weight = int16_t;
  typedef int32_t Sums __attribute__((vector_size(16)));
  typedef uint32_t Unsigned __attribute__((vector_size(16)));
  static constexpr int kGroup = 1;
  static constexpr int kVectors = 2;
  static constexpr int kPixels = 4;

  static Sums Add(Sums sums, const Input* value, const Weight* weights) {
    return sums + int32_t{*value} * Sums{weights[0], weights[1], weights[2], weights[3]};
  }
  static Sums AddProducts(Sums sums, Sums values, Sums weights) { return sums + values * weights; }
  static Sums High(Sums a, Sums b) {
    Sums high;
    for (int i = 0; i < 4; ++i) high[i] = static_cast<int32_t>((int64_t{a[i]} * b[i]) >> 32);
    return high;
  }
  static Sums FromBytes(const uint8_t* bytes) { return Sums{bytes[0], bytes[1], bytes[2], bytes[3]}; }
  static void ToBytes(Sums values, uint8_t* bytes) {
    for (int i = 0; i < 4; ++i) bytes[i] = static_cast<uint8_t>(values[i] < 0 ? 0 : values[i] > 255 ? 255 : values[i]);
  }
};

}  // namespace

const Kernels kPlain = KernelsOf<Plain>("plain");

}  // namespace sound_model::wide

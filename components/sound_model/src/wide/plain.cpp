// SPDX-License-Identifier: Apache-2.0
// Any processor: vectors of the compiler's, four lanes as SSE2 and NEON have them.
#include "all_kernels.h"
#include "arithmetic.h"

namespace sound_model::wide {
namespace {

struct Plain {
  using Input = int16_t;
  using Weight = int16_t;
  using Sums = int32_t __attribute__((vector_size(16)));
  static constexpr int kGroup = 1;
  static constexpr int kLanes = 4;
  static constexpr int kVectors = 2;
  static constexpr int kPixels = 4;

  static Sums Load(const int32_t* values) {
    Sums sums;
    std::memcpy(&sums, values, sizeof(sums));
    return sums;
  }
  static void Store(int32_t* values, Sums sums) { std::memcpy(values, &sums, sizeof(sums)); }
  static int32_t Broadcast(const Input* value) { return *value; }
  static Sums Add(Sums sums, int32_t value, const Weight* weights) {
    int16_t narrow __attribute__((vector_size(8)));
    std::memcpy(&narrow, weights, sizeof(narrow));
    return sums + value * __builtin_convertvector(narrow, Sums);
  }
};

}  // namespace

const Kernels kPlain = KernelsOf<Plain>("plain");

}  // namespace sound_model::wide

// SPDX-License-Identifier: Apache-2.0
// x86-64 with AVX2: vpmaddwd sums up two products of 16 bits in each of eight lanes, exactly.
#include <immintrin.h>

#include "all_kernels.h"
#include "arithmetic.h"

namespace sound_model::wide {
namespace {

struct Avx2 {
  using Input = int16_t;
  using Weight = int16_t;
  using Sums = __m256i;
  static constexpr int kGroup = 2;
  static constexpr int kLanes = 8;
  static constexpr int kVectors = 2;
  static constexpr int kPixels = 6;

  static Sums Load(const int32_t* values) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values)); }
  static void Store(int32_t* values, Sums sums) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(values), sums); }
  static __m256i Broadcast(const Input* pair) {
    int32_t both;
    std::memcpy(&both, pair, sizeof(both));
    return _mm256_set1_epi32(both);
  }
  static Sums Add(Sums sums, __m256i values, const Weight* weights) {
    const __m256i w = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights));
    return _mm256_add_epi32(sums, _mm256_madd_epi16(values, w));
  }
};

}  // namespace

const Kernels kAvx2 = KernelsOf<Avx2>("avx2");

}  // namespace sound_model::wide

// SPDX-License-Identifier: Apache-2.0
// x86-64 with AVX-VNNI: vpdpbusd adds four products of an unsigned and a signed byte to each of eight lanes, exactly.
#include <immintrin.h>

#include "all_kernels.h"
#include "arithmetic.h"

namespace sound_model::wide {
namespace {

struct AvxVnni {
  using Input = uint8_t;
  using Weight = int8_t;
  using Sums = __m256i;
  static constexpr int kGroup = 4;
  static constexpr int kLanes = 8;
  static constexpr int kVectors = 2;
  static constexpr int kPixels = 6;

  static Sums Load(const int32_t* values) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values)); }
  static void Store(int32_t* values, Sums sums) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(values), sums); }
  static __m256i Broadcast(const Input* four) {
    int32_t all;
    std::memcpy(&all, four, sizeof(all));
    return _mm256_set1_epi32(all);
  }
  static Sums Add(Sums sums, __m256i values, const Weight* weights) {
    const __m256i w = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights));
    return _mm256_dpbusd_avx_epi32(sums, values, w);
  }
};

}  // namespace

const Kernels kAvxVnni = KernelsOf<AvxVnni>("avx-vnni");

}  // namespace sound_model::wide

// SPDX-License-Identifier: Apache-2.0
// x86-64 with AVX-512-VNNI: vpdpbusd adds four products of an unsigned and a signed byte to each of 16 lanes, exactly.
#include <immintrin.h>

#include "all_kernels.h"
#include "arithmetic.h"

namespace sound_model::wide {
namespace {

struct Avx512Vnni {
  using Input = uint8_t;
  using Weight = int8_t;
  using Sums = __m512i;
  static constexpr int kGroup = 4;
  static constexpr int kLanes = 16;
  static constexpr int kVectors = 2;
  static constexpr int kPixels = 12;

  static Sums Load(const int32_t* values) { return _mm512_loadu_si512(values); }
  static void Store(int32_t* values, Sums sums) { _mm512_storeu_si512(values, sums); }
  static __m512i Broadcast(const Input* four) {
    int32_t all;
    std::memcpy(&all, four, sizeof(all));
    return _mm512_set1_epi32(all);
  }
  static Sums Add(Sums sums, __m512i values, const Weight* weights) {
    const __m512i w = _mm512_loadu_si512(weights);
    return _mm512_dpbusd_epi32(sums, values, w);
  }
};

}  // namespace

const Kernels kAvx512Vnni = KernelsOf<Avx512Vnni>("avx512-vnni");

}  // namespace sound_model::wide

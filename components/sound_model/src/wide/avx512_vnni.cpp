// SPDX-License-Identifier: Apache-2.0
// x86-64 with AVX-512-VNNI: as avx_vnni.cpp, with 16 lanes and twice as many registers.
#include <immintrin.h>

#include "arithmetic.h"
#include "kernel_sets.h"

namespace sound_model::wide {
namespace {

struct Avx512Vnni {
  using Input = uint8_t;
  using Weight = int8_t;
  typedef int32_t Sums __attribute__((vector_size(64)));
  typedef uint32_t Unsigned __attribute__((vector_size(64)));
  static constexpr int kGroup = 4;
  static constexpr int kVectors = 2;
  static constexpr int kPixels = 12;

  static Sums Add(Sums sums, const Input* four, const Weight* weights) {
    return reinterpret_cast<Sums>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sums),
                                                      _mm512_set1_epi32(Load<int32_t>(four)), Load<__m512i>(weights)));
  }
  static Sums AddProducts(Sums sums, Sums values, Sums weights) {  // bytes, with zeros above
    return reinterpret_cast<Sums>(_mm512_dpwssd_epi32(
        reinterpret_cast<__m512i>(sums), reinterpret_cast<__m512i>(values), reinterpret_cast<__m512i>(weights)));
  }
  static Sums High(Sums a, Sums b) {
    const auto x = reinterpret_cast<__m512i>(a);
    const auto y = reinterpret_cast<__m512i>(b);
    const __m512i even = _mm512_mul_epi32(x, y);
    const __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(x, 32), _mm512_srli_epi64(y, 32));
    return reinterpret_cast<Sums>(_mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd));
  }
  static Sums FromBytes(const uint8_t* bytes) {
    return reinterpret_cast<Sums>(_mm512_cvtepu8_epi32(Load<__m128i>(bytes)));
  }
  static void ToBytes(Sums values, uint8_t* bytes) {
    const __m512i positive = _mm512_max_epi32(reinterpret_cast<__m512i>(values), _mm512_setzero_si512());
    _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes), _mm512_cvtusepi32_epi8(positive));
  }
};

}  // namespace

const Kernels kAvx512Vnni = KernelsOf<Avx512Vnni>("avx512-vnni");

}  // namespace sound_model::wide

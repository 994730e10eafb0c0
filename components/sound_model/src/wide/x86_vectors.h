// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <immintrin.h>

#include "arithmetic.h"

namespace sound_model::wide {
namespace {

/// Eight lanes, for AVX2 and what came after it.
struct X86Vectors {
  typedef int32_t Sums __attribute__((vector_size(32)));
  typedef uint32_t Unsigned __attribute__((vector_size(32)));

  static Sums High(Sums a, Sums b) {
    const auto x = reinterpret_cast<__m256i>(a);
    const auto y = reinterpret_cast<__m256i>(b);
    const __m256i even = _mm256_mul_epi32(x, y);
    const __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(y, 32));
    return reinterpret_cast<Sums>(_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA));
  }
  static Sums FromBytes(const uint8_t* bytes) {
    return reinterpret_cast<Sums>(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes))));
  }
  static void ToBytes(Sums values, uint8_t* bytes) {
    const auto all = reinterpret_cast<__m256i>(values);
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(bytes), _mm_packus_epi16(words, words));
  }

  /// The same four bytes in each lane.
  static __m256i Broadcast(const void* bytes) { return _mm256_set1_epi32(Load<int32_t>(bytes)); }
};

}  // namespace
}  // namespace sound_model::wide

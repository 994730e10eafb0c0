// SPDX-License-Identifier: Apache-2.0
// x86-64 with AVX2: vpmaddwd sums up two products of 16 bits in each of eight lanes, exactly.
#include "kernel_sets.h"
#include "x86_vectors.h"

namespace sound_model::wide {
namespace {

struct Avx2 : X86Vectors {
  using Input = int16_t;
  using Weight = int16_t;
  static constexpr int kGroup = 2;
  static constexpr int kVectors = 2;
  static constexpr int kPixels = 6;

  static Sums Add(Sums sums, const Input* pair, const Weight* weights) {
    return sums + reinterpret_cast<Sums>(_mm256_madd_epi16(Broadcast(pair), Load<__m256i>(weights)));
  }
  static Sums AddProducts(Sums sums, Sums values, Sums weights) {  // bytes, with zeros above
    return sums + reinterpret_cast<Sums>(
                      _mm256_madd_epi16(reinterpret_cast<__m256i>(values), reinterpret_cast<__m256i>(weights)));
  }
};

}  // namespace

const Kernels kAvx2 = KernelsOf<Avx2>("avx2");

}  // namespace sound_model::wide

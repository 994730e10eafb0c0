// SPDX-License-Identifier: Apache-2.0
// x86-64 with AVX-VNNI: vpdpbusd adds four products of an unsigned and a signed byte to each of eight lanes, exactly.
#include "kernel_sets.h"
#include "x86_vectors.h"

namespace sound_model::wide {
namespace {

struct AvxVnni : X86Vectors {
  using Input = uint8_t;
  using Weight = int8_t;
  static constexpr int kGroup = 4;
  static constexpr int kVectors = 2;
  static constexpr int kPixels = 6;

  static Sums Add(Sums sums, const Input* four, const Weight* weights) {
    return reinterpret_cast<Sums>(
        _mm256_dpbusd_avx_epi32(reinterpret_cast<__m256i>(sums), Broadcast(four), Load<__m256i>(weights)));
  }
  static Sums AddProducts(Sums sums, Sums values, Sums weights) {  // bytes, with zeros above
    return reinterpret_cast<Sums>(_mm256_dpwssd_avx_epi32(
        reinterpret_cast<__m256i>(sums), reinterpret_cast<__m256i>(values), reinterpret_cast<__m256i>(weights)));
  }
};

}  // namespace

const Kernels kAvxVnni = KernelsOf<AvxVnni>("avx-vnni");

}  // namespace sound_model::wide

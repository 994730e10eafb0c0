// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace sound_model::kernels {

inline constexpr int kVectorBytes = 16;

/// Sum of a[i] * b[i] over `vectors` * 16 values. Both are 16-byte aligned; there is at least one vector.
/// @param b  is moved behind its values.
#if SOUND_MODEL_PIE
inline int32_t DotProduct(const int8_t* a, const int8_t*& b, int vectors) {
  int32_t sum;
  // The zero-overhead loop is this function's own: the file that includes it is compiled with -fno-branch-count-reg, so
  // that the compiler makes none around it.
  asm volatile(
      "ee.zero.accx\n"
      "ee.vld.128.ip q0, %[a], 16\n"
      "ee.vld.128.ip q1, %[b], 16\n"
      "loopnez %[n], dot_end_%=\n"
      "ee.vmulas.s8.accx.ld.ip q0, %[a], 16, q0, q1\n"
      "ee.vld.128.ip q1, %[b], 16\n"
      "dot_end_%=:\n"
      "ee.vmulas.s8.accx q0, q1\n"
      "rur.accx_0 %[sum]\n"
      : [a] "+r"(a), [b] "+r"(b), [sum] "=r"(sum)
      : [n] "r"(vectors - 1)
      : "memory");
  return sum;
}
#else
inline int32_t DotProduct(const int8_t* a, const int8_t*& b, int vectors) {
  int32_t sum = 0;
  for (int i = 0; i < vectors * kVectorBytes; ++i) sum += int32_t{a[i]} * *b++;
  return sum;
}
#endif

}  // namespace sound_model::kernels

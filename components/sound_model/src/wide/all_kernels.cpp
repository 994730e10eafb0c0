// SPDX-License-Identifier: Apache-2.0
#include "all_kernels.h"

#include "kernel_sets.h"

namespace sound_model::wide {

std::vector<const Kernels*> AvailableKernels() {
  std::vector<const Kernels*> kernels;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512vnni")) kernels.push_back(&kAvx512Vnni);
  if (__builtin_cpu_supports("avxvnni") && __builtin_cpu_supports("avx2")) kernels.push_back(&kAvxVnni);
  if (__builtin_cpu_supports("avx2")) kernels.push_back(&kAvx2);
#endif
  kernels.push_back(&kPlain);
  return kernels;
}

}  // namespace sound_model::wide

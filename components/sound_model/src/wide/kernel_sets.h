// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "layers.h"

// For the files that define them, each compiled for its own kind of processor, as layers.h says.
namespace sound_model::wide {

extern const Kernels kPlain;
#if defined(__x86_64__)
extern const Kernels kAvx2;
extern const Kernels kAvxVnni;
extern const Kernels kAvx512Vnni;
#endif

}  // namespace sound_model::wide

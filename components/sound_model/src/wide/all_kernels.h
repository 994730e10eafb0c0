// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "layers.h"

namespace sound_model::wide {

/// What this processor can run, the fastest first.
std::vector<const Kernels*> AvailableKernels();

}  // namespace sound_model::wide

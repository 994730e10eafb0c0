// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tensorflow/lite/micro/micro_common.h"

namespace sound_model::kernels {

// The int8 kernels of the operators that cost time: the build links either those of reference_*.cpp or of esp_nn_*.cpp.
TFLMRegistration Conv2D();
TFLMRegistration DepthwiseConv2D();
TFLMRegistration FullyConnected();

extern const char kName[];

}  // namespace sound_model::kernels

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tensorflow/lite/micro/micro_common.h"

namespace sound_model::kernels {

// The int8 kernels of the operators that cost time: the build links one of the *_kernels.cpp, as Kconfig says, or what
// a test names in the CMake variable SOUND_MODEL_TEST_KERNELS.
TFLMRegistration Conv2D();
TFLMRegistration DepthwiseConv2D();
TFLMRegistration FullyConnected();
TFLMRegistration Mean();
TFLMRegistration Logistic();

extern const char kName[];

/// The init of a kernel that keeps a `Data` of its own for as long as the interpreter lives.
template <typename Data>
void* AllocateData(TfLiteContext* context, const char*, size_t) {
  return context->AllocatePersistentBuffer(context, sizeof(Data));
}

}  // namespace sound_model::kernels

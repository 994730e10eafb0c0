// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tensorflow/lite/micro/micro_common.h"

namespace sound_model::input_guard {

// A kernel that writes past its scratch hits tensors that are still in use, first of all the one it reads. While the
// guard is on, a kernel that does not leave its input as it was makes the inference fail.

void Enable(bool enable);

/// Runs a kernel, under guard if that is on.
TfLiteStatus Run(TfLiteStatus (*kernel)(TfLiteContext*, TfLiteNode*), TfLiteContext* context, TfLiteNode* node);

/// The registration that `Register` gives, with its kernel run by Run().
template <TFLMRegistration (*Register)()>
TFLMRegistration Guarded() {
  TFLMRegistration registration = Register();
  registration.invoke = [](TfLiteContext* context, TfLiteNode* node) { return Run(Register().invoke, context, node); };
  return registration;
}

}  // namespace sound_model::input_guard

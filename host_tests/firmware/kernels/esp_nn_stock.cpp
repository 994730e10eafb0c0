// SPDX-License-Identifier: Apache-2.0
// The kernels as esp-tflite-micro registers them: with esp-nn 1.2.3 their depthwise scratch is too small for YAMNet.
// Only for the test that shows the self-test catching it.
#include "tensorflow/lite/micro/kernels/conv.h"
#include "tensorflow/lite/micro/kernels/depthwise_conv.h"
#include "tensorflow/lite/micro/kernels/fully_connected.h"
#include "tensorflow/lite/micro/kernels/micro_ops.h"
#include "tflm/kernels.h"

namespace sound_model::kernels {

const char kName[] = "esp-nn-stock";

TFLMRegistration Conv2D() { return tflite::Register_CONV_2D(); }

TFLMRegistration DepthwiseConv2D() { return tflite::Register_DEPTHWISE_CONV_2D(); }

TFLMRegistration FullyConnected() { return tflite::Register_FULLY_CONNECTED(); }

TFLMRegistration Mean() { return tflite::Register_MEAN(); }

TFLMRegistration Logistic() { return tflite::Register_LOGISTIC(); }

}  // namespace sound_model::kernels

// SPDX-License-Identifier: Apache-2.0
// TFLM's portable reference kernels. esp-tflite-micro leaves their registrations out of its build; the arithmetic is in
// its headers.
#include "tensorflow/lite/kernels/internal/reference/integer_ops/conv.h"
#include "tensorflow/lite/kernels/internal/reference/integer_ops/depthwise_conv.h"
#include "tensorflow/lite/kernels/internal/reference/integer_ops/fully_connected.h"
#include "tensorflow/lite/micro/kernels/conv.h"
#include "tensorflow/lite/micro/kernels/depthwise_conv.h"
#include "tensorflow/lite/micro/kernels/fully_connected.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"
#include "tensorflow/lite/micro/kernels/micro_ops.h"
#include "tflm/kernels.h"

namespace sound_model::kernels {
namespace {

using tflite::micro::GetEvalInput;
using tflite::micro::GetEvalOutput;
using tflite::micro::GetTensorData;
using tflite::micro::GetTensorShape;

template <typename OpData>
void* Init(TfLiteContext* context, const char*, size_t) {
  return context->AllocatePersistentBuffer(context, sizeof(OpData));
}

TfLiteStatus EvalConv(TfLiteContext* context, TfLiteNode* node) {
  const auto& data = *static_cast<const tflite::OpDataConv*>(node->user_data);
  const auto& params = *static_cast<const TfLiteConvParams*>(node->builtin_data);
  const TfLiteEvalTensor* input = GetEvalInput(context, node, tflite::kConvInputTensor);
  const TfLiteEvalTensor* weights = GetEvalInput(context, node, tflite::kConvWeightsTensor);
  const TfLiteEvalTensor* bias = GetEvalInput(context, node, tflite::kConvBiasTensor);
  TfLiteEvalTensor* output = GetEvalOutput(context, node, tflite::kConvOutputTensor);
  tflite::reference_integer_ops::ConvPerChannel(
      tflite::ConvParamsQuantized(params, data), data.per_channel_output_multiplier, data.per_channel_output_shift,
      GetTensorShape(input), GetTensorData<int8_t>(input), GetTensorShape(weights), GetTensorData<int8_t>(weights),
      GetTensorShape(bias), GetTensorData<int32_t>(bias), GetTensorShape(output), GetTensorData<int8_t>(output));
  return kTfLiteOk;
}

TfLiteStatus EvalDepthwise(TfLiteContext* context, TfLiteNode* node) {
  const auto& data = *static_cast<const tflite::OpDataConv*>(node->user_data);
  const auto& params = *static_cast<const TfLiteDepthwiseConvParams*>(node->builtin_data);
  const TfLiteEvalTensor* input = GetEvalInput(context, node, tflite::kDepthwiseConvInputTensor);
  const TfLiteEvalTensor* weights = GetEvalInput(context, node, tflite::kDepthwiseConvWeightsTensor);
  const TfLiteEvalTensor* bias = GetEvalInput(context, node, tflite::kDepthwiseConvBiasTensor);
  TfLiteEvalTensor* output = GetEvalOutput(context, node, tflite::kDepthwiseConvOutputTensor);
  tflite::reference_integer_ops::DepthwiseConvPerChannel(
      tflite::DepthwiseConvParamsQuantized(params, data), data.per_channel_output_multiplier,
      data.per_channel_output_shift, GetTensorShape(input), GetTensorData<int8_t>(input), GetTensorShape(weights),
      GetTensorData<int8_t>(weights), GetTensorShape(bias), GetTensorData<int32_t>(bias), GetTensorShape(output),
      GetTensorData<int8_t>(output));
  return kTfLiteOk;
}

TfLiteStatus PrepareFullyConnected(TfLiteContext* context, TfLiteNode* node) {
  tflite::MicroContext* micro = tflite::GetMicroContext(context);
  auto& data = *static_cast<tflite::OpDataFullyConnected*>(node->user_data);
  const auto& params = *static_cast<const TfLiteFullyConnectedParams*>(node->builtin_data);
  TfLiteTensor* input = micro->AllocateTempInputTensor(node, tflite::kFullyConnectedInputTensor);
  TfLiteTensor* weights = micro->AllocateTempInputTensor(node, tflite::kFullyConnectedWeightsTensor);
  TfLiteTensor* bias = micro->AllocateTempInputTensor(node, tflite::kFullyConnectedBiasTensor);
  TfLiteTensor* output = micro->AllocateTempOutputTensor(node, tflite::kFullyConnectedOutputTensor);
  TF_LITE_ENSURE(context, input != nullptr && weights != nullptr && bias != nullptr && output != nullptr);
  TF_LITE_ENSURE_STATUS(tflite::CalculateOpDataFullyConnected(context, params.activation, kTfLiteInt8, input, weights,
                                                              bias, output, &data));
  for (TfLiteTensor* tensor : {input, weights, bias, output}) micro->DeallocateTempTfLiteTensor(tensor);
  return kTfLiteOk;
}

TfLiteStatus EvalFullyConnected(TfLiteContext* context, TfLiteNode* node) {
  const auto& data = *static_cast<const tflite::OpDataFullyConnected*>(node->user_data);
  const TfLiteEvalTensor* input = GetEvalInput(context, node, tflite::kFullyConnectedInputTensor);
  const TfLiteEvalTensor* weights = GetEvalInput(context, node, tflite::kFullyConnectedWeightsTensor);
  const TfLiteEvalTensor* bias = GetEvalInput(context, node, tflite::kFullyConnectedBiasTensor);
  TfLiteEvalTensor* output = GetEvalOutput(context, node, tflite::kFullyConnectedOutputTensor);
  tflite::reference_integer_ops::FullyConnected(
      tflite::FullyConnectedParamsQuantized(data), GetTensorShape(input), GetTensorData<int8_t>(input),
      GetTensorShape(weights), GetTensorData<int8_t>(weights), GetTensorShape(bias), GetTensorData<int32_t>(bias),
      GetTensorShape(output), GetTensorData<int8_t>(output));
  return kTfLiteOk;
}

}  // namespace

const char kName[] = "reference";

TFLMRegistration Conv2D() { return tflite::micro::RegisterOp(Init<tflite::OpDataConv>, tflite::ConvPrepare, EvalConv); }

TFLMRegistration DepthwiseConv2D() {
  return tflite::micro::RegisterOp(Init<tflite::OpDataConv>, tflite::DepthwiseConvPrepare, EvalDepthwise);
}

TFLMRegistration FullyConnected() {
  return tflite::micro::RegisterOp(Init<tflite::OpDataFullyConnected>, PrepareFullyConnected, EvalFullyConnected);
}

TFLMRegistration Mean() { return tflite::Register_MEAN(); }

TFLMRegistration Logistic() { return tflite::Register_LOGISTIC(); }

}  // namespace sound_model::kernels

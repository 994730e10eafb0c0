// SPDX-License-Identifier: Apache-2.0
// ESP-NN's kernels. Convolution and fully connected are esp-tflite-micro's; the depthwise one is registered here,
// because esp_nn_get_depthwise_conv_scratch_size() (esp-nn 1.2.3) asks for too little: with an input above 40 KB it
// asks for a strip, while the 3x3 kernel pads the whole input, and writes past its scratch into live tensors.
#include <esp_nn.h>

#include <algorithm>

#include "kernels.h"
#include "tensorflow/lite/micro/kernels/conv.h"
#include "tensorflow/lite/micro/kernels/depthwise_conv.h"
#include "tensorflow/lite/micro/kernels/fully_connected.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"
#include "tensorflow/lite/micro/kernels/micro_ops.h"

namespace sound_model::kernels {
namespace {

using tflite::micro::GetEvalInput;
using tflite::micro::GetEvalOutput;
using tflite::micro::GetTensorData;

constexpr int kNoScratch = -1;

struct DepthwiseData {
  tflite::OpDataConv conv;  ///< First: TFLM's Prepare takes this struct for it.
  int scratch;
};

data_dims_t Dims(const TfLiteIntArray& shape, int extra) {
  return {.width = shape.data[2], .height = shape.data[1], .channels = shape.data[3], .extra = extra};
}

dw_conv_params_t Params(const TfLiteDepthwiseConvParams& params, const tflite::OpDataConv& data) {
  return {.in_offset = -data.input_zero_point,
          .out_offset = data.output_zero_point,
          .ch_mult = params.depth_multiplier,
          .stride = {params.stride_width, params.stride_height},
          .padding = {data.padding.width, data.padding.height},
          .dilation = {0, 0},
          .activation = {data.output_activation_min, data.output_activation_max}};
}

/// The padded input, the filter and the kernel's alignment: what the widest of ESP-NN's depthwise kernels writes.
int PaddedInputBytes(const data_dims_t& input, const data_dims_t& weights) {
  constexpr int kAlignment = 64;
  return (input.width + weights.width - 1) * (input.height + weights.height - 1) * input.channels +
         weights.width * weights.height * input.channels + kAlignment;
}

TfLiteStatus PrepareDepthwise(TfLiteContext* context, TfLiteNode* node) {
  TF_LITE_ENSURE_STATUS(tflite::DepthwiseConvPrepare(context, node));
  auto& data = *static_cast<DepthwiseData*>(node->user_data);
  const auto& params = *static_cast<const TfLiteDepthwiseConvParams*>(node->builtin_data);
  tflite::MicroContext* micro = tflite::GetMicroContext(context);
  TfLiteTensor* input = micro->AllocateTempInputTensor(node, tflite::kDepthwiseConvInputTensor);
  TfLiteTensor* weights = micro->AllocateTempInputTensor(node, tflite::kDepthwiseConvWeightsTensor);
  TfLiteTensor* output = micro->AllocateTempOutputTensor(node, tflite::kDepthwiseConvOutputTensor);
  TF_LITE_ENSURE(context, input != nullptr && weights != nullptr && output != nullptr);
  const data_dims_t input_dims = Dims(*input->dims, 1);
  const data_dims_t weights_dims = Dims(*weights->dims, 0);
  const data_dims_t output_dims = Dims(*output->dims, 1);
  const dw_conv_params_t conv = Params(params, data.conv);
  const int asked = esp_nn_get_depthwise_conv_scratch_size(&input_dims, &weights_dims, &output_dims, &conv);
  data.scratch = kNoScratch;
  if (asked > 0) {
    TF_LITE_ENSURE_STATUS(context->RequestScratchBufferInArena(
        context, std::max(asked, PaddedInputBytes(input_dims, weights_dims)), &data.scratch));
  }
  for (TfLiteTensor* tensor : {input, weights, output}) micro->DeallocateTempTfLiteTensor(tensor);
  return kTfLiteOk;
}

TfLiteStatus EvalDepthwise(TfLiteContext* context, TfLiteNode* node) {
  const auto& data = *static_cast<const DepthwiseData*>(node->user_data);
  const auto& params = *static_cast<const TfLiteDepthwiseConvParams*>(node->builtin_data);
  const TfLiteEvalTensor* input = GetEvalInput(context, node, tflite::kDepthwiseConvInputTensor);
  const TfLiteEvalTensor* weights = GetEvalInput(context, node, tflite::kDepthwiseConvWeightsTensor);
  const TfLiteEvalTensor* bias = GetEvalInput(context, node, tflite::kDepthwiseConvBiasTensor);
  TfLiteEvalTensor* output = GetEvalOutput(context, node, tflite::kDepthwiseConvOutputTensor);
  const data_dims_t input_dims = Dims(*input->dims, 1);
  const data_dims_t weights_dims = Dims(*weights->dims, 0);
  const data_dims_t output_dims = Dims(*output->dims, 1);
  const dw_conv_params_t conv = Params(params, data.conv);
  const quant_data_t quantization = {.shift = data.conv.per_channel_output_shift,
                                     .mult = data.conv.per_channel_output_multiplier};
  esp_nn_set_depthwise_conv_scratch_buf(data.scratch == kNoScratch ? nullptr
                                                                   : context->GetScratchBuffer(context, data.scratch));
  esp_nn_depthwise_conv_s8(&input_dims, GetTensorData<int8_t>(input), &weights_dims, GetTensorData<int8_t>(weights),
                           GetTensorData<int32_t>(bias), &output_dims, GetTensorData<int8_t>(output), &conv,
                           &quantization);
  return kTfLiteOk;
}

}  // namespace

const char kName[] = "esp-nn";

TFLMRegistration Conv2D() { return tflite::Register_CONV_2D(); }

TFLMRegistration DepthwiseConv2D() {
  return tflite::micro::RegisterOp(AllocateData<DepthwiseData>, PrepareDepthwise, EvalDepthwise);
}

TFLMRegistration FullyConnected() { return tflite::Register_FULLY_CONNECTED(); }

TFLMRegistration Mean() { return tflite::Register_MEAN(); }

TFLMRegistration Logistic() { return tflite::Register_LOGISTIC(); }

}  // namespace sound_model::kernels

// SPDX-License-Identifier: Apache-2.0
// What comes after the convolutions, with TFLM's own arithmetic: means without its loop over any axes, and the logistic
// function as a table of all 256 inputs.
#include <algorithm>

#include "kernels.h"
#include "tensorflow/lite/kernels/internal/common.h"
#include "tensorflow/lite/kernels/internal/reference/integer_ops/logistic.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"
#include "tensorflow/lite/micro/kernels/logistic.h"
#include "tensorflow/lite/micro/kernels/reduce.h"

namespace sound_model::kernels {
namespace {

using tflite::micro::GetEvalInput;
using tflite::micro::GetEvalOutput;
using tflite::micro::GetTensorData;

constexpr int kInputs = 256;

struct LogisticData {
  tflite::OpDataLogistic layer;  ///< First: TFLM's Prepare takes this struct for it.
  int8_t table[kInputs];         ///< From input -128 on.
};

TfLiteStatus PrepareMean(TfLiteContext* context, TfLiteNode* node) {
  return tflite::PrepareMeanOrSumHelper(context, node, static_cast<tflite::OpDataReduce*>(node->user_data));
}

/// Means over height and width, of which CheckModel() makes sure.
/// (tensorflow/lite/kernels/internal/reference/reduce.h, QuantizedMeanOrSum)
TfLiteStatus EvalMean(TfLiteContext* context, TfLiteNode* node) {
  const auto& data = *static_cast<const tflite::OpDataReduce*>(node->user_data);
  const TfLiteEvalTensor* input = GetEvalInput(context, node, 0);
  TF_LITE_ENSURE_EQ(context, input->dims->size, 4);
  const int pixels = input->dims->data[1] * input->dims->data[2];
  const int channels = input->dims->data[3];
  const int shift = std::min(31 - tflite::CountLeadingZeros(static_cast<uint32_t>(pixels)), 31 + data.shift);
  const auto multiplier = static_cast<int32_t>((int64_t{data.multiplier} << shift) / pixels);
  const int8_t* const values = GetTensorData<int8_t>(input);
  int8_t* const output = GetTensorData<int8_t>(GetEvalOutput(context, node, 0));
  for (int channel = 0; channel < channels; ++channel) {
    int32_t sum = -data.input_zp * pixels;
    for (int pixel = 0; pixel < pixels; ++pixel) sum += values[pixel * channels + channel];
    const int32_t mean = tflite::MultiplyByQuantizedMultiplier(sum, multiplier, data.shift - shift) + data.output_zp;
    output[channel] = static_cast<int8_t>(std::clamp<int32_t>(mean, INT8_MIN, INT8_MAX));
  }
  return kTfLiteOk;
}

TfLiteStatus PrepareLogistic(TfLiteContext* context, TfLiteNode* node) {
  TF_LITE_ENSURE_STATUS(tflite::LogisticPrepare(context, node));
  auto& data = *static_cast<LogisticData*>(node->user_data);
  int8_t inputs[kInputs];
  for (int i = 0; i < kInputs; ++i) inputs[i] = static_cast<int8_t>(i + INT8_MIN);
  tflite::reference_integer_ops::Logistic(data.layer.input_zero_point, data.layer.input_range_radius,
                                          data.layer.input_multiplier, data.layer.input_left_shift, kInputs, inputs,
                                          data.table);
  return kTfLiteOk;
}

TfLiteStatus EvalLogistic(TfLiteContext* context, TfLiteNode* node) {
  const auto& data = *static_cast<const LogisticData*>(node->user_data);
  const TfLiteEvalTensor* input = GetEvalInput(context, node, 0);
  const int8_t* const values = GetTensorData<int8_t>(input);
  std::transform(values, values + tflite::micro::GetTensorShape(input).FlatSize(),
                 GetTensorData<int8_t>(GetEvalOutput(context, node, 0)),
                 [&](int8_t value) { return data.table[value - INT8_MIN]; });
  return kTfLiteOk;
}

}  // namespace

TFLMRegistration Mean() { return tflite::micro::RegisterOp(AllocateData<tflite::OpDataReduce>, PrepareMean, EvalMean); }

TFLMRegistration Logistic() {
  return tflite::micro::RegisterOp(AllocateData<LogisticData>, PrepareLogistic, EvalLogistic);
}

}  // namespace sound_model::kernels

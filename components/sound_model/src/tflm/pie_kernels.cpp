// SPDX-License-Identifier: Apache-2.0
// The project's own kernels: exact, and without the scratch that ESP-NN's need. They know the shapes that YAMNet has
// (kernels/shapes.h), and Prepare refuses all others, as CheckModel() does before.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "../kernels/depthwise.h"
#include "../kernels/dot_product.h"
#include "../kernels/pointwise.h"
#include "../kernels/shapes.h"
#include "kernels.h"
#include "tensorflow/lite/micro/kernels/conv.h"
#include "tensorflow/lite/micro/kernels/depthwise_conv.h"
#include "tensorflow/lite/micro/kernels/fully_connected.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"
#include "tensorflow/lite/micro/micro_log.h"

namespace sound_model::kernels {
namespace {

using tflite::micro::GetEvalInput;
using tflite::micro::GetEvalOutput;
using tflite::micro::GetTensorData;

constexpr int kInputTensor = 0;
constexpr int kWeightsTensor = 1;
constexpr int kBiasTensor = 2;
constexpr int kOutputTensor = 0;

struct ConvData {
  tflite::OpDataConv conv;  ///< First: TFLM's Prepare takes this struct for it.
  int32_t* bias;            ///< FoldedBias() of each channel.
  int8_t* columns_weights;  ///< Of a convolution that is done column by column: [channels, 16], zeros after the taps.
  int scratch;              ///< Depthwise: ScratchBytes(). Column by column: the columns.
  DepthwiseWay* ways;       ///< Of a depthwise convolution.
  bool one_product;         ///< InOneProduct() of every channel.
};

struct FullyConnectedData {
  tflite::OpDataFullyConnected layer;
  int32_t* bias;
  int32_t* multipliers;
  int32_t* shifts;
};

/// The tensors of an operator while it is prepared.
class TempTensors {
 public:
  TempTensors(TfLiteContext* context, TfLiteNode* node)
      : micro_(tflite::GetMicroContext(context)),
        tensors_{
            micro_->AllocateTempInputTensor(node, kInputTensor), micro_->AllocateTempInputTensor(node, kWeightsTensor),
            micro_->AllocateTempInputTensor(node, kBiasTensor), micro_->AllocateTempOutputTensor(node, kOutputTensor)} {
  }
  ~TempTensors() {
    for (TfLiteTensor* tensor : tensors_) {
      if (tensor != nullptr) micro_->DeallocateTempTfLiteTensor(tensor);
    }
  }
  TempTensors(const TempTensors&) = delete;

  bool complete() const {
    return std::all_of(std::begin(tensors_), std::end(tensors_), [](auto* tensor) { return tensor != nullptr; });
  }
  TfLiteTensor& input() { return *tensors_[0]; }
  TfLiteTensor& weights() { return *tensors_[1]; }
  TfLiteTensor& bias() { return *tensors_[2]; }
  TfLiteTensor& output() { return *tensors_[3]; }

 private:
  tflite::MicroContext* micro_;
  TfLiteTensor* tensors_[4];
};

template <typename T>
T* AllocatePersistent(TfLiteContext* context, int count) {
  return static_cast<T*>(context->AllocatePersistentBuffer(context, static_cast<size_t>(count) * sizeof(T)));
}

/// Where the weights of a channel lie: the first at channel * `channel_step`, each next `step` further.
struct WeightLayout {
  int channels;
  int count;
  int channel_step;
  int step;

  /// @param value  maps a weight to what is summed up.
  template <typename Value>
  int32_t Sum(const int8_t* weights, int channel, Value&& value) const {
    int32_t sum = 0;
    for (int i = 0; i < count; ++i) sum += value(weights[channel * channel_step + i * step]);
    return sum;
  }
};

/// FoldedBias() of each channel.
int32_t* FoldedBiases(TfLiteContext* context, TempTensors& tensors, const WeightLayout& layout) {
  auto* const biases = AllocatePersistent<int32_t>(context, layout.channels);
  if (biases == nullptr) return nullptr;
  for (int channel = 0; channel < layout.channels; ++channel) {
    const int32_t sum = layout.Sum(tensors.weights().data.int8, channel, [](int weight) { return weight; });
    biases[channel] =
        FoldedBias(tensors.bias().data.i32[channel], sum, static_cast<int32_t>(tensors.input().params.zero_point));
  }
  return biases;
}

/// Turns exponents into FurtherShift() of them, in place.
/// @return false if one is not known to the kernels.
bool TurnIntoShifts(int32_t* exponents, int count) {
  if (!std::all_of(exponents, exponents + count, [](int32_t value) { return value <= 0 && value >= -31; }))
    return false;
  std::transform(exponents, exponents + count, exponents, FurtherShift);
  return true;
}

OutputStage Stage(const ConvData& data) {
  return {.bias = data.bias,
          .multiplier = data.conv.per_channel_output_multiplier,
          .further_shift = data.conv.per_channel_output_shift,
          .zero_point = data.conv.output_zero_point,
          .lowest = data.conv.output_activation_min,
          .highest = data.conv.output_activation_max,
          .one_product = data.one_product};
}

/// What a convolution knows of its channels before it runs.
TfLiteStatus PrepareStage(TfLiteContext* context, TempTensors& tensors, const WeightLayout& layout, ConvData& data) {
  TF_LITE_ENSURE(context, TurnIntoShifts(data.conv.per_channel_output_shift, layout.channels));
  data.bias = FoldedBiases(context, tensors, layout);
  TF_LITE_ENSURE(context, data.bias != nullptr);
  data.one_product = true;
  for (int channel = 0; channel < layout.channels; ++channel) {
    const int64_t reach =
        int64_t{128} * layout.Sum(tensors.weights().data.int8, channel, [](int w) { return w < 0 ? -w : w; });
    data.one_product =
        data.one_product && InOneProduct(Stage(data), channel, reach + std::abs(int64_t{data.bias[channel]}));
  }
  return kTfLiteOk;
}

/// @tparam Params  of the one or the other convolution, whose weights both end with height, width, channels.
template <typename Params>
ConvolutionShape Shape(const TfLiteIntArray& input, const TfLiteIntArray& weights, const Params& params) {
  return {.batches = input.data[0],
          .input_channels = weights.data[3],
          .kernel_height = weights.data[1],
          .kernel_width = weights.data[2],
          .stride_height = params.stride_height,
          .stride_width = params.stride_width};
}

bool Accepts(const std::optional<std::string>& reason) {
  if (reason) MicroPrintf("%s", reason->c_str());
  return !reason;
}

/// Rows of the output that are done at a time when a convolution is done column by column.
int RowsAtATime(const TfLiteIntArray& output) {
  constexpr int kColumns = 128;
  return std::clamp(kColumns / output.data[2], 1, output.data[1]);
}

TfLiteStatus PrepareConv(TfLiteContext* context, TfLiteNode* node) {
  TF_LITE_ENSURE_STATUS(tflite::ConvPrepare(context, node));
  auto& data = *static_cast<ConvData*>(node->user_data);
  const auto& params = *static_cast<const TfLiteConvParams*>(node->builtin_data);
  TempTensors tensors(context, node);
  TF_LITE_ENSURE(context, tensors.complete());
  const TfLiteIntArray& weights = *tensors.weights().dims;
  const int channels = weights.data[0];
  const int taps = weights.data[1] * weights.data[2] * weights.data[3];
  const ConvolutionShape shape = Shape(*tensors.input().dims, weights, params);
  TF_LITE_ENSURE(context, Accepts(WhyNotConvolution(shape)));
  TF_LITE_ENSURE_STATUS(
      PrepareStage(context, tensors, {.channels = channels, .count = taps, .channel_step = taps, .step = 1}, data));
  if (IsPointwise(shape)) return kTfLiteOk;
  // One input channel: what a kernel position sees is a column of at most 16 values, and the rest is pointwise.
  data.columns_weights = AllocatePersistent<int8_t>(context, channels * kVectorBytes);
  TF_LITE_ENSURE(context, data.columns_weights != nullptr);
  std::memset(data.columns_weights, 0, static_cast<size_t>(channels) * kVectorBytes);
  for (int channel = 0; channel < channels; ++channel) {
    std::memcpy(data.columns_weights + channel * kVectorBytes, tensors.weights().data.int8 + channel * taps, taps);
  }
  const TfLiteIntArray& output = *tensors.output().dims;
  return context->RequestScratchBufferInArena(context, RowsAtATime(output) * output.data[2] * kVectorBytes,
                                              &data.scratch);
}

/// Writes what the kernel sees at each position of one output row, [width, 16]; values behind the taps stay.
void GatherColumns(const TfLiteIntArray& input_dims, const TfLiteIntArray& weights_dims, const TfLiteConvParams& params,
                   const tflite::OpDataConv& data, const int8_t* input, int output_y, int output_width,
                   int8_t* columns) {
  const int height = input_dims.data[1];
  const int width = input_dims.data[2];
  const int stride = params.stride_width;
  const auto zero_point = static_cast<int8_t>(data.input_zero_point);
  for (int ky = 0; ky < weights_dims.data[1]; ++ky) {
    const int y = output_y * params.stride_height - data.padding.height + ky;
    for (int kx = 0; kx < weights_dims.data[2]; ++kx) {
      int8_t* column = columns++;
      int x = kx - data.padding.width;
      int output_x = 0;
      for (; output_x < output_width && (x < 0 || y < 0 || y >= height); ++output_x, x += stride) {
        *column = zero_point;
        column += kVectorBytes;
      }
      const int8_t* value = input + y * width + x;
      for (; output_x < output_width && x < width; ++output_x, x += stride) {
        *column = *value;
        value += stride;
        column += kVectorBytes;
      }
      for (; output_x < output_width; ++output_x, column += kVectorBytes) *column = zero_point;
    }
  }
}

TfLiteStatus EvalConv(TfLiteContext* context, TfLiteNode* node) {
  const auto& data = *static_cast<const ConvData*>(node->user_data);
  const auto& params = *static_cast<const TfLiteConvParams*>(node->builtin_data);
  const TfLiteEvalTensor* input = GetEvalInput(context, node, kInputTensor);
  const TfLiteEvalTensor* weights = GetEvalInput(context, node, kWeightsTensor);
  TfLiteEvalTensor* output = GetEvalOutput(context, node, kOutputTensor);
  const int output_height = output->dims->data[1];
  const int output_width = output->dims->data[2];
  const int channels = weights->dims->data[0];
  const int8_t* const in = GetTensorData<int8_t>(input);
  int8_t* const out = GetTensorData<int8_t>(output);
  if (IsPointwise(Shape(*input->dims, *weights->dims, params))) {
    Convolve(Pointwise{.pixels = output_height * output_width,
                       .input_channels = weights->dims->data[3],
                       .output_channels = channels,
                       .weights = GetTensorData<int8_t>(weights),
                       .stage = Stage(data)},
             in, out);
    return kTfLiteOk;
  }
  auto* const columns = static_cast<int8_t*>(context->GetScratchBuffer(context, data.scratch));
  const int rows = RowsAtATime(*output->dims);
  std::memset(columns, 0, static_cast<size_t>(rows * output_width * kVectorBytes));
  for (int y = 0; y < output_height; y += rows) {
    const int now = std::min(rows, output_height - y);
    for (int i = 0; i < now; ++i) {
      GatherColumns(*input->dims, *weights->dims, params, data.conv, in, y + i, output_width,
                    columns + i * output_width * kVectorBytes);
    }
    Convolve(Pointwise{.pixels = now * output_width,
                       .input_channels = kVectorBytes,
                       .output_channels = channels,
                       .weights = data.columns_weights,
                       .stage = Stage(data)},
             columns, out + y * output_width * channels);
  }
  return kTfLiteOk;
}

Depthwise3x3 DepthwiseLayer(const ConvData& data, const TfLiteDepthwiseConvParams& params, const TfLiteIntArray& input,
                            const TfLiteIntArray& output, const int8_t* weights) {
  return {.input_height = input.data[1],
          .input_width = input.data[2],
          .channels = input.data[3],
          .output_height = output.data[1],
          .output_width = output.data[2],
          .stride_height = params.stride_height,
          .stride_width = params.stride_width,
          .pad_top = data.conv.padding.height,
          .pad_left = data.conv.padding.width,
          .input_zero_point = static_cast<int8_t>(data.conv.input_zero_point),
          .weights = weights,
          .stage = Stage(data),
          .ways = data.ways};
}

TfLiteStatus PrepareDepthwise(TfLiteContext* context, TfLiteNode* node) {
  TF_LITE_ENSURE_STATUS(tflite::DepthwiseConvPrepare(context, node));
  auto& data = *static_cast<ConvData*>(node->user_data);
  const auto& params = *static_cast<const TfLiteDepthwiseConvParams*>(node->builtin_data);
  TempTensors tensors(context, node);
  TF_LITE_ENSURE(context, tensors.complete());
  const TfLiteIntArray& weights = *tensors.weights().dims;
  const int channels = weights.data[3];
  TF_LITE_ENSURE(context, Accepts(WhyNotDepthwise(Shape(*tensors.input().dims, weights, params))));
  TF_LITE_ENSURE_EQ(context, tensors.input().dims->data[3], channels);
  TF_LITE_ENSURE_STATUS(
      PrepareStage(context, tensors, {.channels = channels, .count = 9, .channel_step = 1, .step = channels}, data));
  data.ways = AllocatePersistent<DepthwiseWay>(context, channels / 8);
  TF_LITE_ENSURE(context, data.ways != nullptr);
  const Depthwise3x3 layer =
      DepthwiseLayer(data, params, *tensors.input().dims, *tensors.output().dims, tensors.weights().data.int8);
  for (int channel = 0; channel < channels; channel += kVectorBytes) {
    ChooseWays(layer, channel, data.ways + channel / 8);
  }
  return context->RequestScratchBufferInArena(context, ScratchBytes(layer), &data.scratch);
}

TfLiteStatus EvalDepthwise(TfLiteContext* context, TfLiteNode* node) {
  const auto& data = *static_cast<const ConvData*>(node->user_data);
  const auto& params = *static_cast<const TfLiteDepthwiseConvParams*>(node->builtin_data);
  const TfLiteEvalTensor* input = GetEvalInput(context, node, kInputTensor);
  const TfLiteEvalTensor* weights = GetEvalInput(context, node, kWeightsTensor);
  TfLiteEvalTensor* output = GetEvalOutput(context, node, kOutputTensor);
  Convolve(DepthwiseLayer(data, params, *input->dims, *output->dims, GetTensorData<int8_t>(weights)),
           GetTensorData<int8_t>(input), static_cast<int8_t*>(context->GetScratchBuffer(context, data.scratch)),
           GetTensorData<int8_t>(output));
  return kTfLiteOk;
}

TfLiteStatus PrepareFullyConnected(TfLiteContext* context, TfLiteNode* node) {
  auto& data = *static_cast<FullyConnectedData*>(node->user_data);
  const auto& params = *static_cast<const TfLiteFullyConnectedParams*>(node->builtin_data);
  TempTensors tensors(context, node);
  TF_LITE_ENSURE(context, tensors.complete());
  TF_LITE_ENSURE_STATUS(tflite::CalculateOpDataFullyConnected(context, params.activation, kTfLiteInt8, &tensors.input(),
                                                              &tensors.weights(), &tensors.bias(), &tensors.output(),
                                                              &data.layer));
  const int channels = tensors.weights().dims->data[0];
  const int depth = tensors.weights().dims->data[1];
  TF_LITE_ENSURE(context, Accepts(WhyNotFullyConnected(depth)));
  auto shift = static_cast<int32_t>(data.layer.output_shift);
  TF_LITE_ENSURE(context, TurnIntoShifts(&shift, 1));
  data.bias = FoldedBiases(context, tensors, {.channels = channels, .count = depth, .channel_step = depth, .step = 1});
  data.multipliers = AllocatePersistent<int32_t>(context, channels);
  data.shifts = AllocatePersistent<int32_t>(context, channels);
  TF_LITE_ENSURE(context, data.bias != nullptr && data.multipliers != nullptr && data.shifts != nullptr);
  std::fill_n(data.multipliers, channels, data.layer.output_multiplier);
  std::fill_n(data.shifts, channels, shift);
  return kTfLiteOk;
}

TfLiteStatus EvalFullyConnected(TfLiteContext* context, TfLiteNode* node) {
  const auto& data = *static_cast<const FullyConnectedData*>(node->user_data);
  const TfLiteEvalTensor* input = GetEvalInput(context, node, kInputTensor);
  const TfLiteEvalTensor* weights = GetEvalInput(context, node, kWeightsTensor);
  TfLiteEvalTensor* output = GetEvalOutput(context, node, kOutputTensor);
  Convolve(Pointwise{.pixels = 1,
                     .input_channels = weights->dims->data[1],
                     .output_channels = weights->dims->data[0],
                     .weights = GetTensorData<int8_t>(weights),
                     .stage = {.bias = data.bias,
                               .multiplier = data.multipliers,
                               .further_shift = data.shifts,
                               .zero_point = data.layer.output_zero_point,
                               .lowest = data.layer.output_activation_min,
                               .highest = data.layer.output_activation_max,
                               .one_product = false}},
           GetTensorData<int8_t>(input), GetTensorData<int8_t>(output));
  return kTfLiteOk;
}

}  // namespace

const char kName[] = "pie";

TFLMRegistration Conv2D() { return tflite::micro::RegisterOp(AllocateData<ConvData>, PrepareConv, EvalConv); }

TFLMRegistration DepthwiseConv2D() {
  return tflite::micro::RegisterOp(AllocateData<ConvData>, PrepareDepthwise, EvalDepthwise);
}

TFLMRegistration FullyConnected() {
  return tflite::micro::RegisterOp(AllocateData<FullyConnectedData>, PrepareFullyConnected, EvalFullyConnected);
}

}  // namespace sound_model::kernels

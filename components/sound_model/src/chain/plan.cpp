// SPDX-License-Identifier: Apache-2.0
#include "plan.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include "../kernels/tflite_rounding.h"
#include "../model_graph.h"
#include "quantization.h"
#include "sound_model/model_file.h"

namespace sound_model::chain {
namespace {

/// Where the weights of a channel lie: the first at channel * `channel_step`, each next `step` further.
struct WeightLayout {
  int channels;
  int count;
  int channel_step;
  int step;
};

const int8_t* Weights(const GraphTensor& tensor) { return reinterpret_cast<const int8_t*>(tensor.data.data()); }

int32_t ZeroPoint(const GraphTensor& tensor) { return static_cast<int32_t>(tensor.zero_points[0]); }

Shape ShapeOf(const GraphTensor& tensor) {
  const auto& shape = tensor.shape;
  if (tensor.rank == 4) return {shape[1], shape[2], shape[3]};
  return {.height = 1, .width = 1, .channels = static_cast<int>(tensor.values())};
}

/// The product of scales as TensorFlow Lite's convolutions and fully connected layers round it.
double RealMultiplier(const GraphTensor& input, float weight_scale, const GraphTensor& output, bool fully_connected) {
  const double product =
      fully_connected ? double{input.scales[0] * weight_scale} : double{input.scales[0]} * double{weight_scale};
  return product / double{output.scales[0]};
}

/// @param activation  see ActivationRange().
/// @return nothing if a multiplier is 1 or more: the kernels know none.
std::optional<Quantization> Quantize(const ModelGraph& graph, const GraphOperator& op, const WeightLayout& layout,
                                     int8_t activation) {
  const GraphTensor& input = graph.tensors[op.inputs[0]];
  const GraphTensor& weights = graph.tensors[op.inputs[1]];
  const GraphTensor& bias = graph.tensors[op.inputs[2]];
  const GraphTensor& output = graph.tensors[op.output];
  const Range range = ActivationRange(activation, output.scales[0], ZeroPoint(output));
  Quantization result{.bias = {},
                      .multiplier = {},
                      .further_shift = {},
                      .input_zero_point = ZeroPoint(input),
                      .zero_point = ZeroPoint(output),
                      .lowest = range.lowest,
                      .highest = range.highest,
                      .one_product = true};
  std::vector<int64_t> reach;
  for (int channel = 0; channel < layout.channels; ++channel) {
    int32_t sum = 0;
    int64_t absolute = 0;
    for (int i = 0; i < layout.count; ++i) {
      const int32_t weight = Weights(weights)[channel * layout.channel_step + i * layout.step];
      sum += weight;
      absolute += std::abs(weight);
    }
    int32_t value;
    std::memcpy(&value, bias.data.data() + channel * sizeof(value), sizeof(value));
    const float scale = weights.scales[weights.scales.size() == 1 ? 0 : static_cast<size_t>(channel)];
    const Multiplier multiplier =
        QuantizeMultiplier(RealMultiplier(input, scale, output, op.op == schema::Op::kFullyConnected));
    if (multiplier.exponent > 0) return {};
    result.bias.push_back(kernels::FoldedBias(value, sum, result.input_zero_point));
    result.multiplier.push_back(multiplier.value);
    result.further_shift.push_back(kernels::FurtherShift(multiplier.exponent));
    reach.push_back(128 * absolute + std::abs(int64_t{result.bias.back()}));
  }
  for (int channel = 0; channel < layout.channels; ++channel) {
    result.one_product =
        result.one_product && kernels::InOneProduct(result.Stage(), channel, reach[static_cast<size_t>(channel)]);
  }
  return result;
}

int PaddingBefore(int input, int kernel, int stride, int output) {
  return std::max(0, (output - 1) * stride + kernel - input) / 2;
}

std::optional<Windowed> PlanWindowed(const ModelGraph& graph, const GraphOperator& op, const WeightLayout& layout,
                                     const Window& window, int activation_field) {
  auto quantization = Quantize(graph, op, layout, op.options.Scalar<int8_t>(activation_field, 0));
  if (!quantization) return {};
  Windowed result{.input = ShapeOf(graph.tensors[op.inputs[0]]),
                  .output = ShapeOf(graph.tensors[op.output]),
                  .window = window,
                  .weights = Weights(graph.tensors[op.inputs[1]]),
                  .quantization = *std::move(quantization)};
  result.window.pad_top = PaddingBefore(result.input.height, window.height, window.stride_height, result.output.height);
  result.window.pad_left = PaddingBefore(result.input.width, window.width, window.stride_width, result.output.width);
  return result;
}

/// Of a convolution of either kind, but for its padding.
Window WindowOf(const GraphOperator& op, const GraphTensor& weights, int stride_h_field, int stride_w_field) {
  return {.height = weights.shape[1],
          .width = weights.shape[2],
          .stride_height = op.options.Scalar<int32_t>(stride_h_field, 0),
          .stride_width = op.options.Scalar<int32_t>(stride_w_field, 0),
          .pad_top = 0,
          .pad_left = 0};
}

/// @tparam Kind  what it is planned as.
template <typename Kind>
std::optional<Step> As(std::optional<Windowed> planned) {
  if (!planned) return {};
  return Kind{*std::move(planned)};
}

std::optional<Step> PlanConvolution(const ModelGraph& graph, const GraphOperator& op) {
  namespace options = schema::conv_options;
  const GraphTensor& weights = graph.tensors[op.inputs[1]];
  const int taps = weights.shape[1] * weights.shape[2] * weights.shape[3];
  return As<Convolution>(
      PlanWindowed(graph, op, {.channels = weights.shape[0], .count = taps, .channel_step = taps, .step = 1},
                   WindowOf(op, weights, options::kStrideH, options::kStrideW), options::kActivation));
}

std::optional<Step> PlanDepthwise(const ModelGraph& graph, const GraphOperator& op) {
  namespace options = schema::depthwise_options;
  const GraphTensor& weights = graph.tensors[op.inputs[1]];
  const int channels = weights.shape[3];
  return As<Depthwise>(PlanWindowed(
      graph, op,
      {.channels = channels, .count = weights.shape[1] * weights.shape[2], .channel_step = 1, .step = channels},
      WindowOf(op, weights, options::kStrideH, options::kStrideW), options::kActivation));
}

std::optional<Step> PlanFullyConnected(const ModelGraph& graph, const GraphOperator& op) {
  const GraphTensor& weights = graph.tensors[op.inputs[1]];
  const int depth = weights.shape[1];
  auto planned =
      PlanWindowed(graph, op, {.channels = weights.shape[0], .count = depth, .channel_step = depth, .step = 1},
                   {.height = 1, .width = 1, .stride_height = 1, .stride_width = 1, .pad_top = 0, .pad_left = 0},
                   schema::fully_connected_options::kActivation);
  if (planned) planned->input = {1, 1, depth};
  return As<Convolution>(std::move(planned));
}

/// (tensorflow/lite/kernels/internal/reference/reduce.h, QuantizedMeanOrSum)
Step PlanMean(const GraphTensor& input, const GraphTensor& output) {
  const Multiplier multiplier = QuantizeMultiplier(double{input.scales[0]} / double{output.scales[0]});
  const Shape shape = ShapeOf(input);
  const int shift =
      std::min<int>(31 - std::countl_zero(static_cast<uint32_t>(shape.pixels())), 31 + multiplier.exponent);
  return Mean{.input = shape,
              .input_zero_point = ZeroPoint(input),
              .zero_point = ZeroPoint(output),
              .scale = output.scales[0],
              .multiplier = static_cast<int32_t>((int64_t{multiplier.value} << shift) / shape.pixels()),
              .exponent = multiplier.exponent - shift};
}

std::optional<Step> PlanStep(const ModelGraph& graph, const GraphOperator& op) {
  const GraphTensor& input = graph.tensors[op.inputs[0]];
  switch (op.op) {
    case schema::Op::kConv2D:
      return PlanConvolution(graph, op);
    case schema::Op::kDepthwiseConv2D:
      return PlanDepthwise(graph, op);
    case schema::Op::kFullyConnected:
      return PlanFullyConnected(graph, op);
    case schema::Op::kMean:
      if (input.shape[0] != 1) return {};
      return PlanMean(input, graph.tensors[op.output]);
    case schema::Op::kLogistic:
    case schema::Op::kReshape:
      break;
  }
  return Logistic{.values = static_cast<int>(input.values()),
                  .table = MakeLogisticTable(input.scales[0], ZeroPoint(input))};
}

}  // namespace

kernels::OutputStage Quantization::Stage() const {
  return {.bias = bias.data(),
          .multiplier = multiplier.data(),
          .further_shift = further_shift.data(),
          .zero_point = zero_point,
          .lowest = lowest,
          .highest = highest,
          .one_product = one_product};
}

int8_t Mean::Of(int32_t sum) const {
  const int32_t mean =
      tflite_rounding::MultiplyByQuantizedMultiplier(sum - input_zero_point * input.pixels(), multiplier, exponent) +
      zero_point;
  return static_cast<int8_t>(std::clamp<int32_t>(mean, INT8_MIN, INT8_MAX));
}

std::expected<Plan, Error> MakePlan(std::span<const uint8_t> model) {
  if (const auto checked = CheckModel(model); !checked) return std::unexpected(checked.error());
  FlatBufferView file(model);
  const auto graph = ReadGraph(file);
  if (!graph) return std::unexpected(graph.error());
  const auto refuse = [](size_t op, const char* what) {
    return std::unexpected(Error{ErrorCode::kUnsupported, "model: operator " + std::to_string(op) + std::string(what)});
  };
  Plan plan{.steps = {}, .classes = graph->tensors[graph->output].shape[1]};
  int32_t last = graph->input;
  for (size_t i = 0; i < graph->operators.size(); ++i) {
    const GraphOperator& op = graph->operators[i];
    if (op.inputs[0] != last) return refuse(i, " does not continue the chain of operators");
    last = op.output;
    if (op.op == schema::Op::kReshape) continue;
    auto step = PlanStep(*graph, op);
    if (!step) return refuse(i, " scales its sums up, or averages several patches");
    plan.steps.push_back(*std::move(step));
  }
  return plan;
}

}  // namespace sound_model::chain

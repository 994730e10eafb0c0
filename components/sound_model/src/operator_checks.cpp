// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "kernels/shapes.h"
#include "model_graph.h"

namespace sound_model {
namespace {

// Keeps quantised ReLU6 bounds and the fixed-point multipliers of the kernels inside 32 bits.
constexpr float kSmallestScale = 0x1p-24f;
constexpr float kLargestScale = 8.0f;
constexpr int32_t kMaxStride = 4;
constexpr int64_t kLargestProduct = 128 * 255;  ///< |weight| times |input - zero point|

/// What is wrong with an operator, or nothing.
using Finding = std::optional<std::string>;

bool IsActivation(const GraphTensor& tensor) {
  return tensor.type == schema::Type::kInt8 && tensor.data.empty() && tensor.scales.size() == 1 &&
         tensor.zero_points.size() == 1 && tensor.scales[0] >= kSmallestScale && tensor.scales[0] <= kLargestScale &&
         tensor.zero_points[0] >= -128 && tensor.zero_points[0] <= 127;
}

/// Weights or bias: a constant, symmetric, one scale in all or one for each output channel.
Finding CheckParameter(const GraphTensor& tensor, schema::Type type, int32_t channels, int32_t axis,
                       std::string_view name) {
  if (tensor.type != type || tensor.data.empty()) return std::string(name) + " are no constant of the right type";
  const size_t count = tensor.scales.size();
  if ((count != 1 && count != static_cast<size_t>(channels)) || tensor.zero_points.size() != count) {
    return std::string(name) + " have " + std::to_string(count) + " scales";
  }
  if (count > 1 && tensor.quantized_dimension != axis) return std::string(name) + " are quantised along another axis";
  for (size_t i = 0; i < count; ++i) {
    if (!(tensor.scales[i] > 0.0f) || !std::isfinite(tensor.scales[i])) return std::string(name) + " have a bad scale";
    if (tensor.zero_points[i] != 0) return std::string(name) + " are not symmetric";
  }
  return {};
}

/// Twice a sum must stay inside 32 bits, and products must not be coarser than the output: the kernels take both for
/// granted.
Finding CheckSums(const GraphTensor& input, const GraphTensor& weights, const GraphTensor& bias,
                  const GraphTensor& output, int32_t channels) {
  const int64_t terms = static_cast<int64_t>(weights.values()) / channels;
  const VectorView<float>& scales = weights.scales;
  for (int32_t i = 0; i < channels; ++i) {
    int32_t value;
    std::memcpy(&value, bias.data.data() + i * sizeof(value), sizeof(value));
    if (std::abs(int64_t{value}) + terms * kLargestProduct > std::numeric_limits<int32_t>::max() / 2) {
      return "twice a sum can overflow 32 bits";
    }
  }
  for (size_t i = 0; i < scales.size(); ++i) {
    if (!(input.scales[0] * scales[i] < output.scales[0])) return "its output is finer than the products it sums";
  }
  return {};
}

int32_t OutputSize(int32_t input, int32_t kernel, int32_t stride, int8_t padding) {
  return padding == schema::kPaddingSame ? (input + stride - 1) / stride : (input - kernel + stride) / stride;
}

Finding CheckConvolution(const ModelGraph& graph, const GraphOperator& op, bool depthwise) {
  if (op.input_count != 3) return "it needs input, weights and bias";
  const auto wanted = depthwise ? schema::OptionsType::kDepthwiseConv2D : schema::OptionsType::kConv2D;
  if (op.options_type != wanted) return "its options are not a convolution's";
  const GraphTensor& input = graph.tensors[op.inputs[0]];
  const GraphTensor& weights = graph.tensors[op.inputs[1]];
  const GraphTensor& bias = graph.tensors[op.inputs[2]];
  const GraphTensor& output = graph.tensors[op.output];
  if (input.rank != 4 || weights.rank != 4 || output.rank != 4 || bias.rank != 1) return "its tensors have wrong ranks";

  namespace conv = schema::conv_options;
  namespace dw = schema::depthwise_options;
  const auto option = [&](int conv_field, int depthwise_field, int32_t missing) {
    return op.options.Scalar<int32_t>(depthwise ? depthwise_field : conv_field, missing);
  };
  const auto padding =
      op.options.Scalar<int8_t>(depthwise ? static_cast<int>(dw::kPadding) : static_cast<int>(conv::kPadding), 0);
  const auto activation =
      op.options.Scalar<int8_t>(depthwise ? static_cast<int>(dw::kActivation) : static_cast<int>(conv::kActivation), 0);
  const int32_t stride_w = option(conv::kStrideW, dw::kStrideW, 0);
  const int32_t stride_h = option(conv::kStrideH, dw::kStrideH, 0);
  if (padding != schema::kPaddingSame && padding != schema::kPaddingValid) return "its padding is unknown";
  if (activation < 0 || activation > schema::kActivationRelu6) return "its activation is unknown";
  if (stride_w < 1 || stride_h < 1 || stride_w > kMaxStride || stride_h > kMaxStride)
    return "its stride is out of range";
  if (option(conv::kDilationW, dw::kDilationW, 1) != 1 || option(conv::kDilationH, dw::kDilationH, 1) != 1) {
    return "it is dilated";
  }

  const auto [batch, height, width, depth] = input.shape;
  const int32_t channels = depthwise ? weights.shape[3] : weights.shape[0];
  if (depthwise &&
      (op.options.Scalar<int32_t>(dw::kDepthMultiplier, 0) != 1 || weights.shape[0] != 1 || channels != depth)) {
    return "its depth multiplier is not 1";
  }
  if (!depthwise && weights.shape[3] != depth) return "weights and input have different depths";
  const int32_t kernel_h = weights.shape[1];
  const int32_t kernel_w = weights.shape[2];
  if (padding == schema::kPaddingValid && (kernel_h > height || kernel_w > width)) {
    return "its kernel is larger than its input";
  }
  if (!bias.has_shape({channels})) return "its bias has the wrong shape";
  if (!output.has_shape({batch, OutputSize(height, kernel_h, stride_h, padding),
                         OutputSize(width, kernel_w, stride_w, padding), channels})) {
    return "its output has the wrong shape";
  }
  if (!IsActivation(input) || !IsActivation(output))
    return "its input or output is not quantised as int8 activations are";
  if (auto finding = CheckParameter(weights, schema::Type::kInt8, channels, depthwise ? 3 : 0, "weights"))
    return finding;
  if (auto finding = CheckParameter(bias, schema::Type::kInt32, channels, 0, "biases")) return finding;
  if (auto finding = CheckSums(input, weights, bias, output, channels)) return finding;
  const kernels::ConvolutionShape shape{.batches = batch,
                                        .input_channels = depth,
                                        .kernel_height = kernel_h,
                                        .kernel_width = kernel_w,
                                        .stride_height = stride_h,
                                        .stride_width = stride_w};
  return depthwise ? kernels::WhyNotDepthwise(shape) : kernels::WhyNotConvolution(shape);
}

Finding CheckFullyConnected(const ModelGraph& graph, const GraphOperator& op) {
  if (op.input_count != 3) return "it needs input, weights and bias";
  if (op.options_type != schema::OptionsType::kFullyConnected) return "its options are another operator's";
  namespace options = schema::fully_connected_options;
  const auto activation = op.options.Scalar<int8_t>(options::kActivation, 0);
  if (activation < 0 || activation > schema::kActivationRelu6) return "its activation is unknown";
  if (op.options.Scalar<int8_t>(options::kWeightsFormat, 0) != 0) return "its weights are shuffled";
  const GraphTensor& input = graph.tensors[op.inputs[0]];
  const GraphTensor& weights = graph.tensors[op.inputs[1]];
  const GraphTensor& bias = graph.tensors[op.inputs[2]];
  const GraphTensor& output = graph.tensors[op.output];
  const int32_t channels = weights.shape[0];
  if (weights.rank != 2 || input.values() != static_cast<size_t>(weights.shape[1]))
    return "weights and input do not fit";
  if (!output.has_shape({1, channels}) || !bias.has_shape({channels})) return "its output or bias has the wrong shape";
  if (!IsActivation(input) || !IsActivation(output))
    return "its input or output is not quantised as int8 activations are";
  if (weights.scales.size() != 1) return "weights are not quantised as a whole";
  if (auto finding = CheckParameter(weights, schema::Type::kInt8, channels, 0, "weights")) return finding;
  if (auto finding = CheckParameter(bias, schema::Type::kInt32, channels, 0, "biases")) return finding;
  if (auto finding = CheckSums(input, weights, bias, output, channels)) return finding;
  return kernels::WhyNotFullyConnected(weights.shape[1]);
}

/// The second input of RESHAPE and MEAN.
bool IsConstant(const GraphTensor& tensor, std::span<const int32_t> values) {
  return tensor.type == schema::Type::kInt32 && tensor.rank == 1 && tensor.data.size() == values.size_bytes() &&
         std::memcmp(tensor.data.data(), values.data(), values.size_bytes()) == 0;
}

Finding CheckReshape(const ModelGraph& graph, const GraphOperator& op) {
  const GraphTensor& input = graph.tensors[op.inputs[0]];
  const GraphTensor& output = graph.tensors[op.output];
  if (!IsActivation(input) || !IsActivation(output))
    return "its input or output is not quantised as int8 activations are";
  if (input.values() != output.values()) return "it changes the number of values";
  if (input.scales[0] != output.scales[0] || input.zero_points[0] != output.zero_points[0]) {
    return "it changes the quantisation";
  }
  if (op.input_count != 2 || !IsConstant(graph.tensors[op.inputs[1]], std::span(output.shape).first(output.rank))) {
    return "its shape is not the output's";
  }
  return {};
}

Finding CheckMean(const ModelGraph& graph, const GraphOperator& op) {
  constexpr std::array<int32_t, 2> kHeightAndWidth{1, 2};
  constexpr float kLargestGain = 128.0f;
  const GraphTensor& input = graph.tensors[op.inputs[0]];
  const GraphTensor& output = graph.tensors[op.output];
  if (!IsActivation(input) || !IsActivation(output))
    return "its input or output is not quantised as int8 activations are";
  if (op.input_count != 2 || input.rank != 4 || !IsConstant(graph.tensors[op.inputs[1]], kHeightAndWidth)) {
    return "it is not over height and width";
  }
  const bool keeps = op.options_type == schema::OptionsType::kReducer &&
                     op.options.Scalar<uint8_t>(schema::reducer_options::kKeepDims, 0) != 0;
  const bool right = keeps ? output.has_shape({input.shape[0], 1, 1, input.shape[3]})
                           : output.has_shape({input.shape[0], input.shape[3]});
  if (!right) return "its output has the wrong shape";
  if (input.scales[0] > kLargestGain * output.scales[0]) return "its output is too fine for its input";
  return {};
}

Finding CheckLogistic(const ModelGraph& graph, const GraphOperator& op) {
  const GraphTensor& input = graph.tensors[op.inputs[0]];
  const GraphTensor& output = graph.tensors[op.output];
  if (op.input_count != 1 || input.values() != output.values()) return "input and output differ in size";
  if (!IsActivation(input) || !IsActivation(output))
    return "its input or output is not quantised as int8 activations are";
  if (output.scales[0] != 1.0f / 256.0f || output.zero_points[0] != -128) {
    return "its output is not quantised with scale 1/256 and zero point -128";
  }
  return {};
}

Finding CheckOperator(const ModelGraph& graph, const GraphOperator& op) {
  switch (op.op) {
    case schema::Op::kConv2D:
      return CheckConvolution(graph, op, false);
    case schema::Op::kDepthwiseConv2D:
      return CheckConvolution(graph, op, true);
    case schema::Op::kFullyConnected:
      return CheckFullyConnected(graph, op);
    case schema::Op::kReshape:
      return CheckReshape(graph, op);
    case schema::Op::kMean:
      return CheckMean(graph, op);
    case schema::Op::kLogistic:
      break;
  }
  return CheckLogistic(graph, op);
}

}  // namespace

std::expected<void, Error> CheckOperators(const ModelGraph& graph) {
  std::vector<bool> written(graph.tensors.size());
  written[graph.input] = true;
  for (size_t i = 0; i < graph.operators.size(); ++i) {
    const GraphOperator& op = graph.operators[i];
    Finding finding = CheckOperator(graph, op);
    if (!finding && !written[op.inputs[0]]) finding = "it reads a tensor that has no value yet";
    if (!finding && written[op.output]) finding = "it writes a tensor that has a value already";
    if (finding) {
      return std::unexpected(Error{ErrorCode::kUnsupported, "model: operator " + std::to_string(i) + " (" +
                                                                std::string(OpName(op.op)) + "): " + *finding});
    }
    written[op.output] = true;
  }
  if (graph.operators.empty() || graph.operators.back().output != graph.output) {
    return std::unexpected(Error{ErrorCode::kUnsupported, "model: its output is not the last operator's"});
  }
  return {};
}

}  // namespace sound_model

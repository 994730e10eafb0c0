// SPDX-License-Identifier: Apache-2.0
#include "shapes.h"

#include "dot_product.h"

namespace sound_model::kernels {
namespace {

constexpr int32_t kDepthwiseSide = 3;

std::string KernelText(const ConvolutionShape& shape) {
  return "a " + std::to_string(shape.kernel_height) + "x" + std::to_string(shape.kernel_width) + " kernel over " +
         std::to_string(shape.input_channels) + " channels";
}

std::optional<std::string> WhyNotBatches(const ConvolutionShape& shape) {
  if (shape.batches == 1) return {};
  return "the kernels do a batch of 1, not of " + std::to_string(shape.batches);
}

}  // namespace

bool IsPointwise(const ConvolutionShape& shape) {
  return shape.kernel_height == 1 && shape.kernel_width == 1 && shape.stride_height == 1 && shape.stride_width == 1;
}

std::optional<std::string> WhyNotConvolution(const ConvolutionShape& shape) {
  if (auto reason = WhyNotBatches(shape)) return reason;
  if (IsPointwise(shape)) {
    if (shape.input_channels % kVectorBytes == 0) return {};
    return "the kernels do a 1x1 kernel over a multiple of 16 channels, not over " +
           std::to_string(shape.input_channels);
  }
  if (shape.input_channels == 1 && shape.kernel_height * shape.kernel_width <= kVectorBytes) return {};
  return "the kernels do a 1x1 kernel with stride 1, or one of at most 16 values over 1 channel, not " +
         KernelText(shape) + " with stride " + std::to_string(shape.stride_height) + "x" +
         std::to_string(shape.stride_width);
}

std::optional<std::string> WhyNotDepthwise(const ConvolutionShape& shape) {
  if (auto reason = WhyNotBatches(shape)) return reason;
  if (shape.kernel_height == kDepthwiseSide && shape.kernel_width == kDepthwiseSide &&
      shape.input_channels % kVectorBytes == 0) {
    return {};
  }
  return "the kernels do a 3x3 kernel over a multiple of 16 channels, not " + KernelText(shape);
}

std::optional<std::string> WhyNotFullyConnected(int32_t depth) {
  if (depth % kVectorBytes == 0) return {};
  return "the kernels do a multiple of 16 inputs, not " + std::to_string(depth);
}

}  // namespace sound_model::kernels

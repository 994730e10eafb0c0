// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sound_model::kernels {

/// What decides whether, and how, the kernels compute a convolution.
struct ConvolutionShape {
  int32_t batches;
  int32_t input_channels;  ///< Of one filter; for a depthwise one, all of the input's.
  int32_t kernel_height;
  int32_t kernel_width;
  int32_t stride_height;
  int32_t stride_width;
};

/// Each output pixel sees one input pixel and no other does: kernels/pointwise.h does it where it lies.
bool IsPointwise(const ConvolutionShape& shape);

/// Why the kernels cannot compute a convolution, with the shape in it; nothing when they can.
std::optional<std::string> WhyNotConvolution(const ConvolutionShape& shape);
std::optional<std::string> WhyNotDepthwise(const ConvolutionShape& shape);

/// @param depth  values that each output is a sum of.
std::optional<std::string> WhyNotFullyConnected(int32_t depth);

}  // namespace sound_model::kernels

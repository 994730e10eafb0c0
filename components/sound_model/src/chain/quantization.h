// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace sound_model::chain {

// What TensorFlow Lite's kernels prepare from the scales in a file
// (tensorflow/lite/kernels/internal/quantization_util.cc and kernel_util.cc).

/// real = value / 2^31 * 2^exponent, value 2^30 to 2^31 - 1, or both 0 where it would be below 2^-32.
struct Multiplier {
  int32_t value;
  int32_t exponent;
};

/// @param real  not negative.
Multiplier QuantizeMultiplier(double real);

/// Outputs that a fused activation lets through, within int8.
struct Range {
  int32_t lowest;
  int32_t highest;
};

/// @param activation  TensorFlow Lite's number of it: none, ReLU, ReLU from -1 to 1, ReLU6.
Range ActivationRange(int8_t activation, float scale, int32_t zero_point);

}  // namespace sound_model::chain

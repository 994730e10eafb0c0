// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "requantize.h"

namespace sound_model::kernels {

/// A convolution over single pixels, which is also a fully connected layer (one pixel).
struct Pointwise {
  int pixels;
  int input_channels;  ///< A multiple of 16.
  int output_channels;
  const int8_t* weights;  ///< [output_channels, input_channels], 16-byte aligned.
  OutputStage stage;
};

/// @param input   [pixels, input_channels], 16-byte aligned.
/// @param output  [pixels, output_channels].
void Convolve(const Pointwise& layer, const int8_t* input, int8_t* output);

}  // namespace sound_model::kernels

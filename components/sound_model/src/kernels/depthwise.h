// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "requantize.h"

namespace sound_model::kernels {

/// A 3x3 depthwise convolution with depth multiplier 1.
struct Depthwise3x3 {
  int input_height;
  int input_width;
  int channels;  ///< A multiple of 16.
  int output_height;
  int output_width;
  int stride_height;
  int stride_width;
  int pad_top;
  int pad_left;
  const int8_t* weights;  ///< [3, 3, channels], 16-byte aligned.
  OutputStage stage;
};

/// @param input    [input_height, input_width, channels], 16-byte aligned.
/// @param padding  channels values that are all the input's zero point, 16-byte aligned: it stands for pixels outside.
/// @param output   [output_height, output_width, channels].
void Convolve(const Depthwise3x3& layer, const int8_t* input, const int8_t* padding, int8_t* output);

}  // namespace sound_model::kernels

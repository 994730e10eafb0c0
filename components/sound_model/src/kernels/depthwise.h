// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "requantize.h"

namespace sound_model::kernels {

/// How eight channels next to each other are computed.
enum class DepthwiseWay : uint8_t {
  kScalar,  ///< Any channels.
  kNarrow,  ///< As vectors: what decides of the sums fits 16 bits.
  kWide,    ///< As vectors: what decides of the sums fits 17 bits.
};

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
  int8_t input_zero_point;
  const int8_t* weights;  ///< [3, 3, channels], 16-byte aligned.
  OutputStage stage;
  const DepthwiseWay* ways;  ///< WayOf() each eight channels; both eights of 16 are kScalar, or none.
};

/// The fastest way that is exact.
/// @param channel  the first of 16; the ways of their two eights are written.
void ChooseWays(const Depthwise3x3& layer, int channel, DepthwiseWay ways[2]);

/// What Convolve() needs besides.
int ScratchBytes(const Depthwise3x3& layer);

/// @param input    [input_height, input_width, channels], 16-byte aligned.
/// @param scratch  ScratchBytes(), 16-byte aligned.
/// @param output   [output_height, output_width, channels], 8-byte aligned.
void Convolve(const Depthwise3x3& layer, const int8_t* input, int8_t* scratch, int8_t* output);

}  // namespace sound_model::kernels

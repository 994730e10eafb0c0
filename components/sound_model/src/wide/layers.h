// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// What the wide kernels see of a layer. Plain values only: files compiled for one kind of processor include this, and
// an inline function of theirs must not become another file's.
namespace sound_model::wide {

/// Activations are int8 plus this, as uint8: products of unsigned and signed bytes are what processors sum up fastest.
inline constexpr int32_t kOffset = 128;

/// What turns sums into outputs, of each channel, and of more where tiles end behind the last.
struct Outputs {
  const int32_t* bias;
  const int32_t* multiplier;
  const int32_t* shift;   ///< OneProduct's, or OutputStage's further_shift.
  const int32_t* offset;  ///< OneProduct's; nullptr: Requantize() step for step.
  int32_t zero_point;
  int32_t lowest;
  int32_t highest;
};

struct Pointwise {
  int depth;  ///< A multiple of 16.
  int channels;
  const void* weights;  ///< Packed by the kernels that read it.
  Outputs outputs;
};

/// 3x3.
struct Depthwise {
  int input_height;
  int input_width;
  int channels;  ///< A multiple of 16.
  int output_height;
  int output_width;
  int stride_height;
  int stride_width;
  int pad_top;
  int pad_left;
  const int32_t* weights;  ///< [3, 3, channels]
  const uint8_t* padding;  ///< The input's zero point for each channel.
  Outputs outputs;
};

/// The arithmetic for one kind of processor. Outputs are those of kernels::Convolve().
struct Kernels {
  const char* name;
  int tile;          ///< Channels that are computed together: Outputs has whole tiles of a pointwise layer.
  int weight_bytes;  ///< Of each weight when packed.
  int input_bytes;   ///< Of each value that `pointwise` reads: 1, or 2 after `widen`.

  /// @param weights  [channels, depth]
  /// @param packed   channels in whole tiles times depth times weight_bytes.
  void (*pack)(const int8_t* weights, int depth, int channels, void* packed);
  void (*widen)(const uint8_t* values, int count, int16_t* widened);
  /// @param input  [pixels, depth]
  void (*pointwise)(const Pointwise& layer, const void* input, int pixels, uint8_t* output);
  void (*depthwise)(const Depthwise& layer, const uint8_t* input, uint8_t* output);
};

}  // namespace sound_model::wide

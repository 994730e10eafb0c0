// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <variant>
#include <vector>

#include "../kernels/requantize.h"
#include "logistic.h"
#include "sound_model/error.h"

namespace sound_model::chain {

/// Of one patch's activation: height, width, channels.
struct Shape {
  int height;
  int width;
  int channels;

  int pixels() const { return height * width; }
  int values() const { return pixels() * channels; }
};

/// What an OutputStage points into.
struct Quantization {
  std::vector<int32_t> bias;  ///< kernels::FoldedBias()
  std::vector<int32_t> multiplier;
  std::vector<int32_t> further_shift;
  int32_t input_zero_point;
  int32_t zero_point;
  int32_t lowest;
  int32_t highest;
  bool one_product;

  kernels::OutputStage Stage() const;
};

/// What each output sees of the input.
struct Window {
  int height;
  int width;
  int stride_height;
  int stride_width;
  int pad_top;
  int pad_left;
};

struct Windowed {
  Shape input;
  Shape output;
  Window window;
  const int8_t* weights;
  Quantization quantization;
};

/// Over single pixels, or over one channel; a fully connected layer is one over a single pixel.
/// Weights are [output.channels, window.height, window.width, input.channels].
struct Convolution : Windowed {
  int taps() const { return window.height * window.width * input.channels; }
  bool pointwise() const { return window.height * window.width * window.stride_height * window.stride_width == 1; }
};

/// With a window of 3x3; weights are [3, 3, input.channels].
struct Depthwise : Windowed {};

/// Over height and width.
struct Mean {
  Shape input;
  int32_t input_zero_point;
  int32_t zero_point;
  float scale;  ///< Of its output, as is the zero point.
  int32_t multiplier;
  int32_t exponent;  ///< tflite_rounding::MultiplyByQuantizedMultiplier()

  int8_t Of(int32_t sum) const;
};

struct Logistic {
  int values;
  LogisticTable table;
};

using Step = std::variant<Convolution, Depthwise, Mean, Logistic>;

/// A model as steps, each from the last one's output; the first reads the patch.
struct Plan {
  std::vector<Step> steps;
  int classes;
};

/// @param model  a .tflite that CheckModel() accepts; outlives the plan, which points into it.
/// @return CheckModel()'s errors, and kUnsupported where an operator reads another output than the last one.
std::expected<Plan, Error> MakePlan(std::span<const uint8_t> model);

}  // namespace sound_model::chain

// SPDX-License-Identifier: Apache-2.0
#include "random_layers.h"

#include <cstdint>
#include <cstdio>
#include <vector>

#include "kernels/depthwise.h"
#include "kernels/pointwise.h"
#include "random_layer.h"

namespace {

namespace kernels = sound_model::kernels;
using random_layer::Aligned;
using random_layer::Dice;

int ways_tried[3];  // DepthwiseWay of each eight channels

bool CheckPointwise(Dice& dice) {
  random_layer::Pointwise layer(dice);
  kernels::Convolve(kernels::Pointwise{.pixels = layer.pixels,
                                       .input_channels = layer.depth,
                                       .output_channels = layer.channels,
                                       .weights = layer.weights.data(),
                                       .stage = layer.quantized.Stage()},
                    layer.input.data(), layer.output.data());
  return layer.Check();
}

bool CheckDepthwise(Dice& dice) {
  random_layer::Depthwise random(dice);
  kernels::Depthwise3x3 layer{.input_height = random.height,
                              .input_width = random.width,
                              .channels = random.channels,
                              .output_height = random.output_height,
                              .output_width = random.output_width,
                              .stride_height = random.stride,
                              .stride_width = random.stride,
                              .pad_top = random.pad_top,
                              .pad_left = random.pad_left,
                              .input_zero_point = static_cast<int8_t>(random.quantized.input_zero_point),
                              .weights = random.weights.data(),
                              .stage = random.quantized.Stage(),
                              .ways = nullptr};
  std::vector<kernels::DepthwiseWay> ways(static_cast<size_t>(random.channels) / 8);
  for (int channel = 0; channel < random.channels; channel += random_layer::kVector) {
    kernels::ChooseWays(layer, channel, ways.data() + channel / 8);
  }
  layer.ways = ways.data();
  for (const kernels::DepthwiseWay way : ways) ++ways_tried[static_cast<size_t>(way)];
  Aligned<int8_t> scratch(static_cast<size_t>(kernels::ScratchBytes(layer)));
  kernels::Convolve(layer, random.input.data(), scratch.data(), random.output.data());
  return random.Check() && scratch.OthersUntouched();
}

}  // namespace

bool CheckRandomLayers(int layers) {
  Dice dice;
  for (int i = 0; i < layers; ++i) {
    if (!CheckPointwise(dice) || !CheckDepthwise(dice)) {
      std::printf("layer %d of %d differs\n", i, layers);
      return false;
    }
  }
  std::printf("eights of channels: %d scalar, %d narrow, %d wide\n", ways_tried[0], ways_tried[1], ways_tried[2]);
  return ways_tried[0] > 0 && ways_tried[1] > 0 && ways_tried[2] > 0;
}

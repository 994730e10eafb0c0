// SPDX-License-Identifier: Apache-2.0
// The PC's kernels on random and extreme layers, each that this processor can run, against TensorFlow Lite's
// definition.
#include <algorithm>
#include <cstdio>
#include <string>

#include "random_layer.h"
#include "wide/all_kernels.h"
#include "wide/packed.h"

namespace {

namespace chain = sound_model::chain;
namespace wide = sound_model::wide;
using random_layer::Dice;

chain::Quantization ToPlan(const random_layer::Quantized& quantized) {
  return {.bias = quantized.bias,
          .multiplier = quantized.multiplier,
          .further_shift = quantized.further_shift,
          .input_zero_point = quantized.input_zero_point,
          .zero_point = quantized.zero_point,
          .lowest = -128,
          .highest = 127,
          .one_product = quantized.one_product};
}

std::vector<uint8_t> Unsigned(random_layer::Aligned<int8_t>& values) {
  std::vector<uint8_t> result(values.size());
  std::transform(values.data(), values.data() + values.size(), result.begin(),
                 [](int8_t value) { return static_cast<uint8_t>(value + wide::kOffset); });
  return result;
}

/// @param from  exactly as large as the output, so that sanitizers see what is written behind it.
void ToOutput(const std::vector<uint8_t>& from, random_layer::Aligned<int8_t>& output) {
  std::transform(from.begin(), from.end(), output.data(),
                 [](uint8_t value) { return static_cast<int8_t>(value - wide::kOffset); });
}

bool CheckPointwise(const wide::Kernels& kernels, Dice& dice) {
  random_layer::Pointwise random(dice);
  const chain::Windowed planned{
      .input = {1, random.pixels, random.depth},
      .output = {1, random.pixels, random.channels},
      .window = {.height = 1, .width = 1, .stride_height = 1, .stride_width = 1, .pad_top = 0, .pad_left = 0},
      .weights = random.weights.data(),
      .quantization = ToPlan(random.quantized)};
  const wide::PackedConvolution layer(chain::Convolution{planned}, kernels);
  const std::vector<uint8_t> input = Unsigned(random.input);
  std::vector<int16_t> widened(input.size());
  kernels.widen(input.data(), static_cast<int>(input.size()), widened.data());
  std::vector<uint8_t> output(random.output.size());
  const void* const read = kernels.input_bytes == 1 ? static_cast<const void*>(input.data()) : widened.data();
  kernels.pointwise(layer.View(), read, random.pixels, output.data());
  ToOutput(output, random.output);
  return random.Check();
}

bool CheckDepthwise(const wide::Kernels& kernels, Dice& dice) {
  random_layer::Depthwise random(dice);
  const chain::Windowed planned{.input = {random.height, random.width, random.channels},
                                .output = {random.output_height, random.output_width, random.channels},
                                .window = {.height = random.kSide,
                                           .width = random.kSide,
                                           .stride_height = random.stride,
                                           .stride_width = random.stride,
                                           .pad_top = random.pad_top,
                                           .pad_left = random.pad_left},
                                .weights = random.weights.data(),
                                .quantization = ToPlan(random.quantized)};
  const wide::PackedDepthwise layer(chain::Depthwise{planned});
  const std::vector<uint8_t> input = Unsigned(random.input);
  std::vector<uint8_t> output(random.output.size());
  kernels.depthwise(layer.View(), input.data(), output.data());
  ToOutput(output, random.output);
  return random.Check();
}

}  // namespace

int main() {
  constexpr int kLayers = 3000;
  for (const wide::Kernels* kernels : wide::AvailableKernels()) {
    Dice dice;
    for (int i = 0; i < kLayers; ++i) {
      if (CheckPointwise(*kernels, dice) && CheckDepthwise(*kernels, dice)) continue;
      std::printf("%s: layer %d of %d differs\n", kernels->name, i, kLayers);
      return 1;
    }
    std::printf("%s: %d layers of each kind are equal\n", kernels->name, kLayers);
  }
  return 0;
}

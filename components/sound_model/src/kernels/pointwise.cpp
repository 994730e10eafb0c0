// SPDX-License-Identifier: Apache-2.0
#include "pointwise.h"

#include <algorithm>

#include "dot_product.h"

namespace sound_model::kernels {
namespace {

// Weights come from PSRAM through a 64 KB cache: a block of them is used for all pixels before the next one is fetched.
constexpr int kBlockBytes = 16384;

}  // namespace

void Convolve(const Pointwise& layer, const int8_t* input, int8_t* output) {
  const OutputStage stage = layer.stage;  // a copy of its own: int8 stores could change any other
  const int vectors = layer.input_channels / kVectorBytes;
  const int block = std::max(1, kBlockBytes / layer.input_channels);
  for (int first = 0; first < layer.output_channels; first += block) {
    const int end = std::min(first + block, layer.output_channels);
    for (int pixel = 0; pixel < layer.pixels; ++pixel) {
      const int8_t* const values = input + pixel * layer.input_channels;
      int8_t* const row = output + pixel * layer.output_channels;
      const int8_t* weights = layer.weights + first * layer.input_channels;
      for (int channel = first; channel < end; ++channel, weights += layer.input_channels) {
        row[channel] = Requantize(DotProduct(values, weights, vectors), stage, channel);
      }
    }
  }
}

}  // namespace sound_model::kernels

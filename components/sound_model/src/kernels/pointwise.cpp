// SPDX-License-Identifier: Apache-2.0
#include "pointwise.h"

#include <algorithm>

#include "dot_product.h"

namespace sound_model::kernels {
namespace {

// Weights come from PSRAM through a 64 KB cache: a block of them is used for all pixels before the next one is fetched.
constexpr int kBlockBytes = 16384;

/// The channels from `first` to `end` of one pixel. Not inlined: its loop needs every register there is.
/// @param weights  of `first`.
template <bool kShifts>
[[gnu::noinline]] void ConvolvePixel(const Pointwise& layer, const int8_t* values, const int8_t* weights, int first,
                                     int end, int8_t* output) {
  const OutputStage stage = layer.stage;  // a copy of its own: int8 stores could change any other
  const int vectors = layer.input_channels / kVectorBytes;
  for (int channel = first; channel < end; ++channel) {
    output[channel] = Requantize<kShifts>(DotProduct(values, weights, vectors), stage, channel);
  }
}

template <bool kShifts>
void ConvolveBlocks(const Pointwise& layer, const int8_t* input, int8_t* output) {
  const int block = std::max(1, kBlockBytes / layer.input_channels);
  for (int first = 0; first < layer.output_channels; first += block) {
    const int end = std::min(first + block, layer.output_channels);
    const int8_t* const weights = layer.weights + first * layer.input_channels;
    for (int pixel = 0; pixel < layer.pixels; ++pixel) {
      ConvolvePixel<kShifts>(layer, input + pixel * layer.input_channels, weights, first, end,
                             output + pixel * layer.output_channels);
    }
  }
}

}  // namespace

void Convolve(const Pointwise& layer, const int8_t* input, int8_t* output) {
  if (EveryChannelShifts(layer.stage, layer.output_channels)) {
    ConvolveBlocks<true>(layer, input, output);
  } else {
    ConvolveBlocks<false>(layer, input, output);
  }
}

}  // namespace sound_model::kernels

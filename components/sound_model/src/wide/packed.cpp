// SPDX-License-Identifier: Apache-2.0
#include "packed.h"

#include <algorithm>
#include <numeric>

namespace sound_model::wide {
namespace {

constexpr int kColumn = 16;  ///< Values of a column, of which at most as many are taps.

/// @param channel_step  from a channel's first weight to the next one's.
/// @param step          from each weight to the next.
std::vector<int32_t> WeightSums(const int8_t* weights, int channels, int count, int channel_step, int step) {
  std::vector<int32_t> sums(static_cast<size_t>(channels));
  for (int channel = 0; channel < channels; ++channel) {
    for (int i = 0; i < count; ++i) sums[static_cast<size_t>(channel)] += weights[channel * channel_step + i * step];
  }
  return sums;
}

size_t WholeTiles(size_t channels, int tile) {
  const auto size = static_cast<size_t>(tile);
  return (channels + size - 1) / size * size;
}

}  // namespace

PackedOutputs::PackedOutputs(const chain::Quantization& quantization, const std::vector<int32_t>& weight_sums, int tile)
    : bias_(quantization.bias),
      multiplier_(quantization.multiplier),
      shift_(quantization.further_shift),
      zero_point_(quantization.zero_point + kOffset),
      lowest_(quantization.lowest + kOffset),
      highest_(quantization.highest + kOffset) {
  for (size_t i = 0; i < bias_.size(); ++i) bias_[i] -= kOffset * weight_sums[i];
  const size_t channels = WholeTiles(bias_.size(), tile);
  if (quantization.one_product) {
    for (size_t i = 0; i < shift_.size(); ++i) {
      const kernels::OneProduct product(quantization.Stage(), static_cast<int>(i));
      shift_[i] = product.shift;
      offset_.push_back(product.offset + kOffset * (1 << product.shift));
    }
    offset_.resize(channels);
  }
  for (std::vector<int32_t>* values : {&bias_, &multiplier_, &shift_}) values->resize(channels);
}

Outputs PackedOutputs::View() const {
  return {.bias = bias_.data(),
          .multiplier = multiplier_.data(),
          .shift = shift_.data(),
          .offset = offset_.empty() ? nullptr : offset_.data(),
          .zero_point = zero_point_,
          .lowest = lowest_,
          .highest = highest_};
}

PackedConvolution::PackedConvolution(const chain::Convolution& layer, const Kernels& kernels)
    : window_(layer),
      depth_(layer.pointwise() ? layer.taps() : kColumn),
      outputs_(layer.quantization, WeightSums(layer.weights, layer.output.channels, layer.taps(), layer.taps(), 1),
               kernels.tile) {
  const auto channels = static_cast<size_t>(layer.output.channels);
  std::vector<int8_t> weights(channels * static_cast<size_t>(depth_));
  for (int channel = 0; channel < layer.output.channels; ++channel) {
    std::copy_n(layer.weights + channel * layer.taps(), layer.taps(), weights.begin() + channel * depth_);
  }
  weights_.resize(WholeTiles(channels, kernels.tile) * static_cast<size_t>(depth_ * kernels.weight_bytes));
  kernels.pack(weights.data(), depth_, layer.output.channels, weights_.data());
  window_.weights = nullptr;
}

Pointwise PackedConvolution::View() const {
  return {.depth = depth_, .channels = window_.output.channels, .weights = weights_.data(), .outputs = outputs_.View()};
}

void PackedConvolution::Gather(const uint8_t* input, uint8_t* columns) const {
  const chain::Window& window = window_.window;
  const auto zero_point = static_cast<uint8_t>(window_.quantization.input_zero_point + kOffset);
  for (int i = 0; i < output().pixels(); ++i, columns += kColumn) {
    const int top = i / output().width * window.stride_height - window.pad_top;
    const int left = i % output().width * window.stride_width - window.pad_left;
    uint8_t* to = columns;
    for (int y = top; y < top + window.height; ++y) {
      for (int x = left; x < left + window.width; ++x) {
        const bool inside = y >= 0 && y < this->input().height && x >= 0 && x < this->input().width;
        *to++ = inside ? input[y * this->input().width + x] : zero_point;
      }
    }
    std::fill(to, columns + kColumn, uint8_t{0});
  }
}

PackedDepthwise::PackedDepthwise(const chain::Depthwise& layer)
    : input_(layer.input),
      output_(layer.output),
      window_(layer.window),
      weights_(layer.weights, layer.weights + layer.window.height * layer.window.width * layer.input.channels),
      padding_(static_cast<size_t>(layer.input.channels),
               static_cast<uint8_t>(layer.quantization.input_zero_point + kOffset)),
      outputs_(layer.quantization,
               WeightSums(layer.weights, layer.input.channels, layer.window.height * layer.window.width, 1,
                          layer.input.channels),
               1) {}

Depthwise PackedDepthwise::View() const {
  return {.input_height = input_.height,
          .input_width = input_.width,
          .channels = input_.channels,
          .output_height = output_.height,
          .output_width = output_.width,
          .stride_height = window_.stride_height,
          .stride_width = window_.stride_width,
          .pad_top = window_.pad_top,
          .pad_left = window_.pad_left,
          .weights = weights_.data(),
          .padding = padding_.data(),
          .outputs = outputs_.View()};
}

}  // namespace sound_model::wide

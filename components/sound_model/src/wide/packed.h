// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "../chain/plan.h"
#include "layers.h"

namespace sound_model::wide {

/// What Outputs points into.
class PackedOutputs {
 public:
  /// @param weight_sums  of each channel.
  /// @param tile         the channels are made a multiple of it.
  PackedOutputs(const chain::Quantization& quantization, const std::vector<int32_t>& weight_sums, int tile);

  Outputs View() const;

 private:
  std::vector<int32_t> bias_;
  std::vector<int32_t> multiplier_;
  std::vector<int32_t> shift_;
  std::vector<int32_t> offset_;
  int32_t zero_point_;
  int32_t lowest_;
  int32_t highest_;
};

/// A convolution as a Pointwise layer: over pixels as they lie, or over columns of what each position sees.
class PackedConvolution {
 public:
  PackedConvolution(const chain::Convolution& layer, const Kernels& kernels);

  Pointwise View() const;
  bool columns() const { return !window_.pointwise(); }
  const chain::Shape& input() const { return window_.input; }
  const chain::Shape& output() const { return window_.output; }
  int depth() const { return depth_; }

  /// What each position of the output sees of one patch, [output pixels, depth].
  void Gather(const uint8_t* input, uint8_t* columns) const;

 private:
  chain::Convolution window_;
  int depth_;
  std::vector<uint8_t> weights_;
  PackedOutputs outputs_;
};

class PackedDepthwise {
 public:
  explicit PackedDepthwise(const chain::Depthwise& layer);

  Depthwise View() const;
  const chain::Shape& input() const { return input_; }
  const chain::Shape& output() const { return output_; }

 private:
  chain::Shape input_;
  chain::Shape output_;
  chain::Window window_;
  std::vector<int32_t> weights_;
  std::vector<uint8_t> padding_;
  PackedOutputs outputs_;
};

}  // namespace sound_model::wide

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <span>

#include "log_mel/error.h"

namespace log_mel {

/// Log-mel values to the int8 of a model's input tensor: round(x / scale) + zero_point, halves away from zero, clamped
/// to [-128, 127], which is what TensorFlow Lite's QUANTIZE does.
class PatchQuantizer {
 public:
  /// @return kInvalidQuantization unless scale is positive and finite and zero_point within [-128, 127].
  static std::expected<PatchQuantizer, Error> Create(float scale, int zero_point);

  /// @param quantized  as many values as `log_mel`.
  void Quantize(std::span<const float> log_mel, std::span<int8_t> quantized) const;

 private:
  PatchQuantizer(float scale, int zero_point) : scale_(scale), zero_point_(static_cast<float>(zero_point)) {}

  float scale_;
  float zero_point_;
};

}  // namespace log_mel

// SPDX-License-Identifier: Apache-2.0
#include "log_mel/patch_quantizer.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace log_mel {

std::expected<PatchQuantizer, Error> PatchQuantizer::Create(float scale, int zero_point) {
  if (!(scale > 0.0f) || !std::isfinite(scale))
    return std::unexpected(Error{ErrorCode::kInvalidQuantization,
                                 "input scale must be positive and finite, not " + std::to_string(scale)});
  if (zero_point < -128 || zero_point > 127)
    return std::unexpected(Error{ErrorCode::kInvalidQuantization,
                                 "input zero point must be -128 to 127, not " + std::to_string(zero_point)});
  return PatchQuantizer(scale, zero_point);
}

void PatchQuantizer::Quantize(std::span<const float> log_mel, std::span<int8_t> quantized) const {
  for (size_t i = 0; i < log_mel.size(); ++i) {
    const float rounded = std::round(log_mel[i] / scale_) + zero_point_;
    quantized[i] = static_cast<int8_t>(std::clamp(rounded, -128.0f, 127.0f));
  }
}

}  // namespace log_mel

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace base {

/// Samples that follow one another, and where in the stream they lie. A block that does not start where the one before
/// ended tells of a gap.
struct PcmBlock {
  int64_t start_sample;
  std::span<const int16_t> pcm;
};

}  // namespace base

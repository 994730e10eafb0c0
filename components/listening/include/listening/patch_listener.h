// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "base/pcm_block.h"
#include "sound_model/model_file.h"

namespace listening {

struct ScoredPatch {
  int64_t start_sample;
  std::span<const int8_t> values;  ///< The model's input, [96, 64].
  std::span<const int8_t> scores;
  sound_model::Quantization quantization;  ///< Of the scores.
  uint32_t invoke_us;
};

/// Someone who wants to know what the device hears. Called from the task that hears, which waits for the return.
class PatchListener {
 public:
  virtual ~PatchListener() = default;
  /// The samples that come next, before the patch that they may complete.
  virtual void OnPcm(const base::PcmBlock&) {}
  virtual void OnPatch(const ScoredPatch& patch) = 0;
  /// Samples are missing before `next_sample`.
  virtual void OnGap(int64_t) {}
  /// No more samples will come: a recording has ended.
  virtual void OnEnd() {}
};

}  // namespace listening

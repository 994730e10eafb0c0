// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "audio_input/pcm_ring.h"
#include "sound_model/model_file.h"

namespace firmware {

struct ScoredPatch {
  int64_t start_sample;
  std::span<const int8_t> scores;
  sound_model::Quantization quantization;  ///< Of the scores.
  uint32_t invoke_us;
};

/// Someone who wants to know what the device hears. Called from the inference task, which waits for the return.
class PatchListener {
 public:
  virtual ~PatchListener() = default;
  /// The samples that come next, before the patch that they may complete.
  virtual void OnPcm(const audio_input::PcmBlock&) {}
  virtual void OnPatch(const ScoredPatch& patch) = 0;
  /// Samples are missing before `next_sample`.
  virtual void OnGap(int64_t next_sample) = 0;
  /// No more samples will come: a recording has ended.
  virtual void OnEnd() {}
};

}  // namespace firmware

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <vector>

#include "base/pcm_block.h"
#include "listening/model_service.h"
#include "listening/patch_listener.h"
#include "listening/services.h"
#include "log_mel/patch_stream.h"

namespace listening {

/// What the inference task does with PCM: makes patches, scores them, and tells those who want to know.
class Listener {
 public:
  /// All outlive the listener, but for the summary.
  Listener(Services& services, log_mel::PatchStream& front_end, ModelService& model,
           const sound_model::ModelSummary& summary, std::vector<PatchListener*> listeners);

  /// Takes the next samples. Those that do not follow the ones before come after a gap, which no patch spans.
  void Take(const base::PcmBlock& block);

  /// No more will come.
  void End();

  /// While held, what comes in is dropped, and listening goes on after a gap. From any task.
  void Hold(bool hold) { held_ = hold; }

 private:
  void Score(const log_mel::Patch& patch);

  Services& services_;
  log_mel::PatchStream& front_end_;
  ModelService& model_;
  sound_model::Quantization output_;
  std::vector<PatchListener*> listeners_;
  std::vector<int8_t> scores_;
  std::atomic<bool> held_ = false;
  bool dropped_ = false;
  int64_t next_sample_ = 0;
};

}  // namespace listening

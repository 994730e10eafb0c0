// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <vector>

#include "audio_input/pcm_ring.h"
#include "capture.h"
#include "log_mel/patch_stream.h"
#include "model_service.h"
#include "patch_listener.h"

namespace firmware {

/// The inference task: takes PCM from the capture ring, makes patches, scores them, and tells those who want to know.
class Listener {
 public:
  /// All outlive the listener.
  Listener(Capture& capture, log_mel::PatchStream& front_end, ModelService& model, sound_model::Quantization output,
           std::vector<PatchListener*> listeners);

  void Start();
  TaskHandle_t task() const { return task_; }

  /// While held, what comes in is dropped, and listening goes on after a gap.
  void Hold(bool hold) { held_ = hold; }

 private:
  void Run();
  void Take(const audio_input::PcmBlock& block);
  void Score(const log_mel::Patch& patch);

  Capture& capture_;
  log_mel::PatchStream& front_end_;
  ModelService& model_;
  sound_model::Quantization output_;
  std::vector<PatchListener*> listeners_;
  std::vector<int8_t> scores_;
  TaskHandle_t task_ = nullptr;
  std::atomic<bool> held_ = false;
  bool dropped_ = false;
  bool ended_ = false;
  int64_t next_sample_ = 0;
};

}  // namespace firmware

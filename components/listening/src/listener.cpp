// SPDX-License-Identifier: Apache-2.0
#include "listening/listener.h"

namespace listening {

Listener::Listener(Services& services, log_mel::PatchStream& front_end, ModelService& model,
                   const sound_model::ModelSummary& summary, std::vector<PatchListener*> listeners)
    : services_(services),
      front_end_(front_end),
      model_(model),
      output_(summary.output),
      listeners_(std::move(listeners)),
      scores_(summary.classes) {}

void Listener::Take(const base::PcmBlock& block) {
  if (held_) {
    dropped_ = true;
    return;
  }
  if (dropped_ || block.start_sample != next_sample_) {
    front_end_.Reset(block.start_sample);
    for (PatchListener* listener : listeners_) listener->OnGap(block.start_sample);
    dropped_ = false;
  }
  next_sample_ = block.start_sample + static_cast<int64_t>(block.pcm.size());
  for (PatchListener* listener : listeners_) listener->OnPcm(block);
  front_end_.Feed(block.pcm, [this](const log_mel::Patch& patch) { Score(patch); });
}

void Listener::End() {
  for (PatchListener* listener : listeners_) listener->OnEnd();
}

void Listener::Score(const log_mel::Patch& patch) {
  const auto invoke_us = model_.Score(patch.values, scores_);
  if (!invoke_us) {
    services_.Log(LogLevel::kError, "listener", "a patch was not scored: " + invoke_us.error().message);
    return;
  }
  const ScoredPatch scored{patch.start_sample, patch.values, scores_, output_, *invoke_us};
  for (PatchListener* listener : listeners_) listener->OnPatch(scored);
}

}  // namespace listening

// SPDX-License-Identifier: Apache-2.0
#include "listener.h"

#include "esp_log.h"
#include "sound_model/class_map.h"
#include "task_layout.h"
#include "watchdog.h"

namespace firmware {
namespace {

constexpr char kTag[] = "listener";
constexpr TickType_t kWait = pdMS_TO_TICKS(1000);

}  // namespace

Listener::Listener(Capture& capture, log_mel::PatchStream& front_end, ModelService& model,
                   sound_model::Quantization output, std::vector<PatchListener*> listeners)
    : capture_(capture),
      front_end_(front_end),
      model_(model),
      output_(output),
      listeners_(std::move(listeners)),
      scores_(sound_model::kClasses) {}

void Listener::Start() {
  StartTask(
      kInferenceTask, [](void* self) { static_cast<Listener*>(self)->Run(); }, this, &task_);
}

void Listener::Run() {
  WatchThisTask();
  for (;;) {
    FeedWatchdog();
    ulTaskNotifyTake(pdTRUE, kWait);
    const bool last = capture_.ended();
    while (const auto block = capture_.ring().Front()) {
      FeedWatchdog();
      Take(*block);
      capture_.ring().Pop();
    }
    if (!last || ended_) continue;
    ended_ = true;
    for (PatchListener* listener : listeners_) listener->OnEnd();
  }
}

void Listener::Take(const audio_input::PcmBlock& block) {
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

void Listener::Score(const log_mel::Patch& patch) {
  const auto invoke_us = model_.Score(patch.values, scores_);
  if (!invoke_us) {
    ESP_LOGE(kTag, "a patch was not scored: %s", invoke_us.error().message.c_str());
    return;
  }
  const ScoredPatch scored{patch.start_sample, scores_, output_, *invoke_us};
  for (PatchListener* listener : listeners_) listener->OnPatch(scored);
}

}  // namespace firmware

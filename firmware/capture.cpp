// SPDX-License-Identifier: Apache-2.0
#include "capture.h"

#include <cstdlib>

#include "base/sample_rate.h"
#include "esp_log.h"
#include "esp_timer.h"
#include "large_memory.h"
#include "task_layout.h"

namespace firmware {
namespace {

using audio_input::Liveness;
using audio_input::PcmRing;

constexpr char kTag[] = "capture";
// 2.56 s: an inference and what the console scores in between fit in; a power of two, as PcmRing wants it.
constexpr size_t kRingBlocks = 128;

int64_t NowMs() { return esp_timer_get_time() / 1000; }

std::span<PcmRing::Slot> AllocateSlots() {
  if (const auto slots = AllocateLarge<PcmRing::Slot>(kRingBlocks); !slots.empty()) return slots;
  // Without PSRAM the ring is small, and the console's scoring may cost a gap.
  constexpr size_t kFewBlocks = kRingBlocks / 4;
  auto* const slots = static_cast<PcmRing::Slot*>(std::malloc(kFewBlocks * sizeof(PcmRing::Slot)));
  configASSERT(slots != nullptr);
  return {slots, kFewBlocks};
}

}  // namespace

Capture::Capture(std::unique_ptr<audio_input::AudioSource> source)
    : source_(std::move(source)),
      slots_(AllocateSlots()),
      ring_(slots_),
      liveness_(NowMs()),
      block_(audio_input::kBlockSamples) {}

void Capture::Start(clip_store::SampleRing* kept, listening::SampleClock& clock) {
  kept_ = kept;
  clock_ = &clock;
  heard_us_ = esp_timer_get_time();
  clock.Note(position_);
  liveness_ = audio_input::LivenessMonitor(NowMs());
  alive_ = true;
  StartTask(
      kCaptureTask, [](void* self) { static_cast<Capture*>(self)->Run(); }, this, nullptr);
}

void Capture::Run() {
  for (;;) {
    const auto chunk = source_->Read(block_);
    if (!chunk) {
      ESP_LOGE(kTag, "%s", chunk.error().c_str());
      Reopen(Liveness::kNoData);
      continue;
    }
    if (chunk->ended) {
      ESP_LOGI(kTag, "the recording has ended after %.2f s", base::SecondsOf(position_));
      alive_ = false;
      ended_ = true;
      WakeReader();
      vTaskSuspend(nullptr);
    }
    if (chunk->lost_before > 0) {
      position_ += chunk->lost_before;
      gaps_.fetch_add(1);
    }
    const auto pcm = std::span<const int16_t>(block_).first(chunk->samples);
    if (!pcm.empty()) Deliver(pcm);
    Watch(pcm);
  }
}

void Capture::Deliver(std::span<const int16_t> pcm) {
  while (!source_->real_time() && ring_.full()) vTaskDelay(1);
  if (!ring_.Push(position_, pcm)) gaps_.fetch_add(1);
  if (kept_ != nullptr) kept_->Write(position_, pcm);
  position_ += static_cast<int64_t>(pcm.size());
  heard_us_ = esp_timer_get_time();
  if (source_->real_time()) clock_->Note(position_);
  WakeReader();

  power_.Add(pcm);
  if (power_.samples >= base::kSampleRateHz) {
    level_ = power_.Level();
    power_ = {};
  }
}

/// The reader looks into the ring every second by itself: before it is known, nothing is lost.
void Capture::WakeReader() {
  if (const TaskHandle_t reader = reader_) xTaskNotifyGive(reader);
}

listening::AudioState Capture::state() const {
  return {.source = source_->source(),
          .board = source_->board(),
          .gain_db = source_->gain_db(),
          .overruns = ring_.overruns(),
          .ring_blocks = ring_.capacity(),
          .ring_peak = ring_.peak(),
          .gaps = gaps_.load(),
          .alive = alive_.load(),
          .ended = ended_.load(),
          .level = level_.load()};
}

void Capture::Watch(std::span<const int16_t> pcm) {
  // A recording may be silent, and faster than the clock: only a microphone can die.
  if (!source_->real_time() || source_->board()[0] == '\0') return;
  const Liveness liveness = liveness_.Update(pcm, NowMs());
  if (liveness != Liveness::kAlive) Reopen(liveness);
  alive_ = liveness == Liveness::kAlive;
}

void Capture::Reopen(Liveness liveness) {
  alive_ = false;
  const std::string_view what = audio_input::LivenessName(liveness);
  ESP_LOGE(kTag, "the microphone is dead (%.*s): opening it again", static_cast<int>(what.size()), what.data());
  source_->Close();
  if (const auto opened = source_->Open(); !opened) {
    ESP_LOGE(kTag, "%s", opened.error().c_str());
    vTaskDelay(pdMS_TO_TICKS(audio_input::kDeadAfterMs));
  }
  // What was missed meanwhile is not known in samples: the clock tells about how much.
  const int64_t now_us = esp_timer_get_time();
  position_ += (now_us - heard_us_) * base::kSampleRateHz / 1'000'000;
  heard_us_ = now_us;
  gaps_.fetch_add(1);
  liveness_ = audio_input::LivenessMonitor(NowMs());
}

}  // namespace firmware

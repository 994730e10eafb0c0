// SPDX-License-Identifier: Apache-2.0
#include "capture.h"

#include <cstdlib>
#include <mutex>

#include "base/sample_rate.h"
#include "esp_log.h"
#include "esp_timer.h"
#include "large_memory.h"
#include "task_layout.h"

namespace firmware {
namespace {

using audio_input::PcmRing;
using audio_input::SourceKeeper;
using audio_input::SourceState;

constexpr char kTag[] = "capture";
// 2.56 s: an inference and what the console scores in between fit in; a power of two, as PcmRing wants it.
constexpr size_t kRingBlocks = 128;
constexpr TickType_t kMutePeriod = pdMS_TO_TICKS(50);  ///< From one look at the switch to the next.

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
    : keeper_(std::move(source), NowMs), slots_(AllocateSlots()), ring_(slots_), block_(audio_input::kBlockSamples) {}

std::expected<void, std::string> Capture::Open() {
  keeper_.Read({});  // opens it, and does not read
  Tell();
  if (alive_) return {};
  return std::unexpected(keeper_.state().error);
}

void Capture::Start(clip_store::SampleRing* kept, listening::SampleClock& clock, const listening::MuteSwitch& mute) {
  kept_ = kept;
  clock_ = &clock;
  mute_ = &mute;
  clock.Note(position_);
  StartTask(
      kCaptureTask, [](void* self) { static_cast<Capture*>(self)->Run(); }, this, nullptr);
}

SourceState Capture::source_state() const {
  const std::lock_guard guard(state_lock_);
  return source_state_;
}

listening::AudioState Capture::state() const {
  return {.source = source().source(),
          .board = source().board(),
          .gain_db = source().gain_db(),
          .overruns = ring_.overruns(),
          .ring_blocks = ring_.capacity(),
          .ring_peak = ring_.peak(),
          .gaps = gaps_.load(),
          .alive = alive_.load(),
          .ended = ended_.load(),
          .level = alive_ ? std::optional(level_.load()) : std::nullopt};
}

void Capture::Run() {
  for (;;) {
    if (mute_->on()) {
      Rest();
      continue;
    }
    const SourceKeeper::Heard heard = keeper_.Read(block_);
    if (heard.ended) {
      ESP_LOGI(kTag, "the recording has ended after %.2f s", base::SecondsOf(position_));
      alive_ = false;
      ended_ = true;
      End();
      vTaskSuspend(nullptr);
    }
    if (heard.opened) SkipMissed();
    resting_ = false;
    if (heard.lost_before > 0) {
      position_ += heard.lost_before;
      gaps_.fetch_add(1);
    }
    if (heard.samples > 0) Deliver(std::span<const int16_t>(block_).first(heard.samples));
    if (heard.news) Tell();
    if (heard.pause_ms > 0) vTaskDelay(pdMS_TO_TICKS(heard.pause_ms) + 1);
  }
}

/// The microphone is off. What was going on is over.
void Capture::Rest() {
  if (!resting_) {
    keeper_.Close();
    Tell();
    End();
  }
  resting_ = true;
  vTaskDelay(kMutePeriod);
}

void Capture::End() {
  ends_.fetch_add(1);
  WakeReader();
}

void Capture::Deliver(std::span<const int16_t> pcm) {
  while (!source().real_time() && ring_.full()) vTaskDelay(1);
  if (!ring_.Push(position_, pcm)) gaps_.fetch_add(1);
  if (kept_ != nullptr) kept_->Write(position_, pcm);
  position_ += static_cast<int64_t>(pcm.size());
  heard_us_ = esp_timer_get_time();
  if (source().real_time()) clock_->Note(position_);
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

/// What was missed while the source was closed is not known in samples: the clock tells about how much.
void Capture::SkipMissed() {
  if (heard_us_ == 0) return;
  position_ += (esp_timer_get_time() - heard_us_) * base::kSampleRateHz / 1'000'000;
  if (!resting_) gaps_.fetch_add(1);
}

void Capture::Tell() {
  const SourceState& state = keeper_.state();
  const auto failures = static_cast<unsigned>(state.failures);
  const auto pause_s = static_cast<unsigned>(state.pause_ms / 1000);
  switch (state.kind) {
    case SourceState::Kind::kWaiting:
      ESP_LOGE(kTag, "%s does not open (%s): opening it again in %u s", source().source(), state.error.c_str(),
               pause_s);
      break;
    case SourceState::Kind::kDead:
      ESP_LOGE(kTag, "the microphone is dead (%s): opening it again in %u s", state.error.c_str(), pause_s);
      break;
    case SourceState::Kind::kOpen:
      if (failures > 0) ESP_LOGW(kTag, "%s is open after %u failures", source().source(), failures);
      break;
    case SourceState::Kind::kClosed:
      ESP_LOGW(kTag, "%s is closed: muted", source().source());
      break;
  }
  alive_ = state.kind == SourceState::Kind::kOpen;
  const std::lock_guard guard(state_lock_);
  source_state_ = state;
}

}  // namespace firmware

// SPDX-License-Identifier: Apache-2.0
#include "event_watch.h"

#include <mutex>

#include "base/sample_rate.h"
#include "device_clock.h"
#include "esp_log.h"

namespace firmware {
namespace {

using sound_events::Event;
using sound_events::EventKind;

constexpr char kTag[] = "event";

void Log(const Event& event) {
  const std::string_view name = event.rule_name();
  const std::string_view kind = sound_events::EventKindName(event.kind);
  const std::string_view reason =
      event.kind == EventKind::kEnd ? sound_events::EndReasonName(event.reason) : std::string_view("goes on");
  ESP_LOGI(kTag, "%.*s %u %.*s: %.2f s to %.2f s, peak %.3f, %.*s", static_cast<int>(name.size()), name.data(),
           static_cast<unsigned>(event.sequence), static_cast<int>(kind.size()), kind.data(),
           base::SecondsOf(event.start_sample), base::SecondsOf(event.end_sample),
           static_cast<double>(event.peak) / sound_events::kOne, static_cast<int>(reason.size()), reason.data());
}

}  // namespace

void EventWatch::OnPcm(const audio_input::PcmBlock& block) {
  const std::lock_guard guard(lock_);
  levels_.Feed(block.pcm, [this](const sound_events::PatchLevel& level) { level_ = level; });
}

void EventWatch::OnPatch(const ScoredPatch& patch) {
  const std::lock_guard guard(lock_);
  if (!level_ || level_->start_sample != patch.start_sample) return;
  const auto told = detector_.Process({.scores = patch.scores,
                                       .start_sample = patch.start_sample,
                                       .level = level_->level,
                                       .floor = level_->floor,
                                       .minute_of_day = DeviceClock::MinuteOfDay()});
  if (told) Tell(*told);
}

void EventWatch::OnGap(int64_t next_sample) {
  const std::lock_guard guard(lock_);
  levels_.Reset(next_sample);
}

void EventWatch::OnEnd() {
  const std::lock_guard guard(lock_);
  Tell(detector_.Finish());
  recorder_.Flush();
}

std::expected<void, sound_events::Error> EventWatch::SetRules(sound_events::RuleSet rules) {
  const std::lock_guard guard(lock_);
  const auto ended = detector_.SetRules(std::move(rules));
  if (!ended) return std::unexpected(ended.error());
  Tell(*ended);
  return {};
}

WatchState EventWatch::state() const {
  const std::lock_guard guard(lock_);
  WatchState state{.rules = {},
                   .level = levels_.floor().level(),
                   .floor = levels_.floor().floor(),
                   .floor_known = levels_.floor().warmed_up(),
                   .events = detector_.next_sequence() - 1};
  const auto& rules = detector_.rules().rules();
  for (size_t i = 0; i < rules.size(); ++i) {
    state.rules.push_back({rules[i].name, rules[i].title, rules[i].priority, detector_.state(i)});
  }
  return state;
}

sound_events::NoiseFloor EventWatch::floor() const {
  const std::lock_guard guard(lock_);
  return levels_.floor();
}

void EventWatch::Tell(std::span<const Event> events) {
  for (const Event& event : events) {
    recorder_.events().Push(event);
    Log(event);
  }
}

}  // namespace firmware

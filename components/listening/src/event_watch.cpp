// SPDX-License-Identifier: Apache-2.0
#include "listening/event_watch.h"

#include <mutex>

#include "base/sample_rate.h"
#include "text.h"

namespace listening {
namespace {

std::string_view Reason(sound_events::ErrorCode code) {
  return code == sound_events::ErrorCode::kOutOfOrder ? "it starts before the next one could"
                                                      : "it has another number of scores";
}

}  // namespace

EventWatch::EventWatch(Services& services, sound_events::EventDetector detector, sound_events::NoiseFloor floor,
                       sound_events::PatternStream patterns)
    : services_(services),
      lock_(services.MakeLock()),
      levels_(floor),
      patterns_(std::move(patterns)),
      detector_(std::move(detector)) {}

void EventWatch::OnPcm(const base::PcmBlock& block) {
  const std::lock_guard guard(*lock_);
  levels_.Feed(block.pcm, [this](const sound_events::PatchLevel& level) { level_ = level; });
}

void EventWatch::OnPatch(const ScoredPatch& patch) {
  const std::lock_guard guard(*lock_);
  if (!level_ || level_->start_sample != patch.start_sample)
    return Refuse(patch.start_sample, "no level belongs to it");
  heard_patterns_ = patterns_.Take(patch.values, patch.start_sample);
  const auto told = detector_.Process({.scores = patch.scores,
                                       .start_sample = patch.start_sample,
                                       .level = level_->level,
                                       .floor = level_->floor,
                                       .patterns = heard_patterns_,
                                       .minute_of_day = services_.MinuteOfDay()});
  if (!told) return Refuse(patch.start_sample, Reason(told.error()));
  Tell(*told);
}

void EventWatch::OnGap(int64_t next_sample) {
  const std::lock_guard guard(*lock_);
  levels_.Reset(next_sample);
}

void EventWatch::OnEnd() {
  const std::lock_guard guard(*lock_);
  Tell(detector_.Finish());
  for (EventListener* listener : listeners_) listener->OnEnd();
}

std::expected<void, sound_events::Error> EventWatch::SetRules(sound_events::RuleSet rules) {
  const std::lock_guard guard(*lock_);
  const auto ended = detector_.SetRules(std::move(rules));
  if (!ended) return std::unexpected(ended.error());
  Tell(*ended);
  return {};
}

WatchState EventWatch::state() const {
  const std::lock_guard guard(*lock_);
  WatchState state{.rules = {},
                   .level = levels_.floor().level(),
                   .floor = levels_.floor().floor(),
                   .floor_known = levels_.floor().warmed_up(),
                   .events = detector_.next_sequence() - 1,
                   .patches_refused = patches_refused_};
  const auto& rules = detector_.rules().rules();
  for (size_t i = 0; i < rules.size(); ++i) {
    state.rules.push_back({rules[i].name, rules[i].title, rules[i].priority, detector_.state(i)});
  }
  return state;
}

std::optional<sound_events::PatchLevel> EventWatch::patch_level() const {
  const std::lock_guard guard(*lock_);
  return level_;
}

sound_events::PatternStrengths EventWatch::patterns() const {
  const std::lock_guard guard(*lock_);
  return heard_patterns_;
}

sound_events::NoiseFloor EventWatch::floor() const {
  const std::lock_guard guard(*lock_);
  return levels_.floor();
}

void EventWatch::Tell(std::span<const sound_events::Event> events) {
  for (const sound_events::Event& event : events) {
    for (EventListener* listener : listeners_) listener->OnEvent(event);
  }
}

void EventWatch::Refuse(int64_t start_sample, std::string_view why) {
  ++patches_refused_;
  services_.Log(LogLevel::kError, "event",
                Text("the rules did not see the patch at %.2f s: %.*s", base::SecondsOf(start_sample),
                     static_cast<int>(why.size()), why.data()));
}

}  // namespace listening

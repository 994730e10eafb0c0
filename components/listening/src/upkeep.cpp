// SPDX-License-Identifier: Apache-2.0
#include "listening/upkeep.h"

#include "listening/noise_floor_store.h"
#include "text.h"

namespace listening {
namespace {

constexpr char kTag[] = "heartbeat";
constexpr int64_t kBeatMs = 10'000;
constexpr uint32_t kBeatsPerFloor = 60;  // flash wears by it

/// ", floor -51.2 dBFS, rules 12: siren on, loud holding".
std::string EventsText(const WatchState& watch) {
  std::string text =
      Text(", floor %.1f dBFS%s, events %u, rules %zu", watch.floor / 100.0, watch.floor_known ? "" : " (assumed)",
           static_cast<unsigned>(watch.events), watch.rules.size());
  const char* separator = ": ";
  for (const WatchState::Rule& rule : watch.rules) {
    if (rule.state == sound_events::RuleState::kIdle) continue;
    text += separator + rule.name + " " + std::string(sound_events::RuleStateName(rule.state));
    separator = ", ";
  }
  return text;
}

std::string StorageText(const clip_store::ClipStoreStatus& storage) {
  return ", storage " + (storage.volume.empty() ? "none" : storage.volume) +
         (storage.recording.empty() ? "" : " recording");
}

}  // namespace

Upkeep::Upkeep(Device& device, Trial& trial, int64_t well_after_ms)
    : device_(device), trial_(trial), verdict_(device.services().settings(), well_after_ms) {}

void Upkeep::Tick() {
  device_.boot().Retry();
  const int64_t now_ms = device_.services().UptimeUs() / 1000;
  if (now_ms - beat_ms_ >= kBeatMs) Beat(now_ms);
}

void Upkeep::Beat(int64_t now_ms) {
  const DeviceState state = device_.state();
  const uint32_t patches = state.inference ? state.inference->patches : 0;
  const bool ended = state.audio && state.audio->ended;
  const Health health{.model_works = state.self_test && state.self_test->passed(),
                      .hears = device_.listener() != nullptr && (ended || state.muted || patches != patches_),
                      .volume = state.storage ? state.storage->volume : ""};
  if (trial_.running()) {
    JudgeTrial(health, now_ms);
  } else {
    verdict_.Remember(health, now_ms);
  }
  Log(state, now_ms - beat_ms_);
  patches_ = patches;
  beat_ms_ = now_ms;
  if (++beats_ % kBeatsPerFloor != 0) return;
  if (const auto watch = device_.watch()) StoreFloor(device_.services(), **watch);
}

void Upkeep::JudgeTrial(const Health& health, int64_t now_ms) {
  switch (verdict_.Judge(health, now_ms)) {
    case HealthVerdict::Verdict::kPending:
      return;
    case HealthVerdict::Verdict::kWell:
      device_.services().Log(LogLevel::kInfo, kTag, "this firmware works: it is kept");
      return trial_.Confirm();
    case HealthVerdict::Verdict::kIll:
      device_.services().Log(
          LogLevel::kError, kTag,
          Text("this firmware does not work (self-test %s, hears: %s, storage: %s): the one before comes back",
               health.model_works ? "passed" : "failed", health.hears ? "yes" : "no",
               health.volume.empty() ? "none" : health.volume.c_str()));
      return trial_.RollBack();
  }
}

void Upkeep::Log(const DeviceState& state, int64_t period_ms) {
  const InferenceTimes times = state.inference.value_or(InferenceTimes{});
  const AudioState audio = state.audio.value_or(AudioState{});
  const double rate = (times.patches - patches_) * 1000.0 / static_cast<double>(period_ms);
  std::string line = Text(
      "%.2f patches/s, inference p50 %u ms, max %u ms, overruns %u, gaps %u, free heap %zu, free PSRAM %zu, "
      "level %.1f dBFS",
      rate, static_cast<unsigned>(times.p50_us / 1000), static_cast<unsigned>(times.max_us / 1000),
      static_cast<unsigned>(audio.overruns), static_cast<unsigned>(audio.gaps), state.memory.free_heap,
      state.memory.free_psram.value_or(0), static_cast<double>(base::Decibels(audio.level.value_or(base::kSilence))));
  if (state.watch) line += EventsText(*state.watch);
  if (state.storage) line += StorageText(*state.storage);
  if (state.muted) line += ", muted";
  device_.services().Log(LogLevel::kInfo, kTag, line + (state.ready ? "" : ", NOT READY: see @info"));
}

}  // namespace listening

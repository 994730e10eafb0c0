// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "clip_recorder.h"
#include "mutex.h"
#include "patch_listener.h"
#include "sound_events/event_detector.h"
#include "sound_events/level_stream.h"

namespace firmware {

/// How the detector stands.
struct WatchState {
  struct Rule {
    std::string name;
    std::string title;
    int priority;
    sound_events::RuleState state;
  };
  std::vector<Rule> rules;
  std::optional<base::CentiDecibels> level;  ///< Of the latest 120 ms.
  base::CentiDecibels floor;
  bool floor_known;  ///< False while warming up.
  uint32_t events;   ///< Since boot.
};

/// Turns what the inference task hears into events, logs them, and hands them to whoever keeps them.
class EventWatch final : public PatchListener {
 public:
  /// @param recorder  keeps the events; outlives this.
  EventWatch(sound_events::EventDetector detector, sound_events::NoiseFloor floor, ClipRecorder& recorder)
      : levels_(floor), detector_(std::move(detector)), recorder_(recorder) {}

  void OnPcm(const audio_input::PcmBlock& block) override;
  void OnPatch(const ScoredPatch& patch) override;
  void OnGap(int64_t next_sample) override;
  void OnEnd() override;

  // These may be called from any task.
  std::expected<void, sound_events::Error> SetRules(sound_events::RuleSet rules);
  WatchState state() const;
  sound_events::NoiseFloor floor() const;

 private:
  void Tell(std::span<const sound_events::Event> events);

  mutable Mutex lock_;
  sound_events::LevelStream levels_;
  std::optional<sound_events::PatchLevel> level_;  ///< Of the patch that was complete last.
  sound_events::EventDetector detector_;
  ClipRecorder& recorder_;
};

}  // namespace firmware

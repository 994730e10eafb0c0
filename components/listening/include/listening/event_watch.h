// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "listening/event_listener.h"
#include "listening/patch_listener.h"
#include "listening/services.h"
#include "sound_events/event_detector.h"
#include "sound_events/level_stream.h"
#include "sound_events/pattern_stream.h"

namespace listening {

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
  bool floor_known;          ///< False while warming up.
  uint32_t events;           ///< Since boot.
  uint32_t patches_refused;  ///< By the detector: rules did not see them.
};

/// Turns what is heard into events, and tells those who want to know.
class EventWatch final : public PatchListener {
 public:
  EventWatch(Services& services, sound_events::EventDetector detector, sound_events::NoiseFloor floor,
             sound_events::PatternStream patterns);

  /// To be called before anything is heard; @p listener outlives this.
  void Add(EventListener& listener) { listeners_.push_back(&listener); }

  void OnPcm(const base::PcmBlock& block) override;
  void OnPatch(const ScoredPatch& patch) override;
  void OnGap(int64_t next_sample) override;
  void OnEnd() override;

  // These may be called from any task.
  std::expected<void, sound_events::Error> SetRules(sound_events::RuleSet rules);
  WatchState state() const;
  std::optional<sound_events::PatchLevel> patch_level() const;  ///< Of the patch that was complete last.
  sound_events::PatternStrengths patterns() const;              ///< Of the same patch.
  sound_events::NoiseFloor floor() const;

 private:
  void Tell(std::span<const sound_events::Event> events);
  void Refuse(int64_t start_sample, std::string_view why);

  Services& services_;
  std::unique_ptr<base::Lock> lock_;
  std::vector<EventListener*> listeners_;
  sound_events::LevelStream levels_;
  std::optional<sound_events::PatchLevel> level_;  ///< Of the patch that was complete last.
  sound_events::PatternStream patterns_;
  sound_events::PatternStrengths heard_patterns_{};
  sound_events::EventDetector detector_;
  uint32_t patches_refused_ = 0;
};

}  // namespace listening

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>
#include <vector>

#include "base/level.h"
#include "sound_events/error.h"
#include "sound_events/event.h"
#include "sound_events/pattern_stream.h"
#include "sound_events/rule_set.h"

namespace sound_events {

/// How a model's int8 outputs stand for probabilities: p = scale * (q - zero_point).
struct ScoreFormat {
  float scale;
  int zero_point;
  size_t classes;
};

/// One patch as the detector sees it.
struct PatchScores {
  std::span<const int8_t> scores;  ///< The model's outputs, one per class.
  int64_t start_sample;
  base::CentiDecibels level;  ///< LevelStream's, as is the floor.
  base::CentiDecibels floor;
  PatternStrengths patterns{};  ///< PatternStream's.
  int minute_of_day = -1;       ///< Local time, 0 to 1439; -1 while nobody knows.
};

/// Where a rule stands.
enum class RuleState : uint8_t {
  kIdle,     ///< Nothing.
  kRising,   ///< Some patches count, but not yet enough of them or not yet long enough.
  kOn,       ///< An event is going on.
  kHolding,  ///< It seems over; it goes on if the sound comes back within the hold time.
  kCooling,  ///< It is over; nothing counts before the cool-off time has passed.
};

std::string_view RuleStateName(RuleState state);

/// Patch scores in, events out: one state machine per rule. Deterministic: integer arithmetic on int8 scores, so that
/// the same patches give the same events on chip and PC. Nothing is allocated after construction.
class EventDetector {
 public:
  /// @param first_sequence  the first event's number.
  /// @return kInvalidSpec when the format cannot belong to an int8 output or a rule uses a class that is not there.
  static std::expected<EventDetector, Error> Create(RuleSet rules, const ScoreFormat& format,
                                                    uint32_t first_sequence = 1);

  /// Takes the next patch. A patch that does not follow the one before at the usual hop comes after a gap.
  /// @return the events it starts, carries on or ends, valid until the next call: what a gap ends comes first,
  /// otherwise the most important rule; or kOutOfOrder when it starts before the next patch could, or kInvalidSpec when
  /// it has not format().classes scores: such a patch changes nothing.
  std::expected<std::span<const Event>, ErrorCode> Process(const PatchScores& patch);

  /// Ends what is going on, and forgets the patches so far: the next one may start anywhere.
  std::span<const Event> Finish(EndReason reason = EndReason::kStreamEnd);

  /// Runs other rules from now on. Those that are the same go on where they stand; what is going on by any other ends
  /// with kRulesChanged. Allocates: not for the audio path.
  /// @return the events ended, valid until the next call; or why Create() refuses the rules: the running ones stay
  /// then.
  std::expected<std::span<const Event>, Error> SetRules(RuleSet rules);

  RuleState state(size_t rule) const { return machines_[rule].state; }
  const RuleSet& rules() const { return rules_; }
  const ScoreFormat& format() const { return format_; }
  /// The number the next event will have.
  uint32_t next_sequence() const { return next_sequence_; }

 private:
  static constexpr size_t kHistory = RuleSet::kMaxPatchWindow;

  /// What all rules need to know of a patch.
  struct Seen {
    int64_t start;
    int64_t end;
    base::CentiDecibels level;
    base::CentiDecibels floor;
    TopClasses top;
  };

  /// How a rule judges a patch.
  struct Verdict {
    Q16 score;
    bool hit;       ///< May begin an event.
    bool sure;      ///< Begins one at once: a pattern has been heard for seconds.
    bool weak_hit;  ///< May begin one if it lasts.
    bool keep;      ///< Good enough for one to go on.
  };

  struct Machine {
    RuleState state = RuleState::kIdle;
    bool open = false;  ///< There is an event, be it not long enough yet to be told (kRising).
    uint32_t weak_votes = 0;
    uint32_t votes = 0;  ///< Bit k: the patch k ago was a hit.
    std::array<Q16, kHistory> scores{};
    Event event{};
    uint64_t score_sum = 0;
    uint64_t held_sum = 0;  ///< Since the event was last heard; counts if it comes back.
    uint32_t held_patches = 0;
    int64_t quiet_since = 0;
    int64_t last_told = 0;
    int64_t cool_until = 0;
  };

  EventDetector(RuleSet rules, const ScoreFormat& format, uint32_t first_sequence);

  void Look(const PatchScores& patch);
  const Seen& Ago(uint32_t patches) const { return history_[(newest_ + kHistory - patches) % kHistory]; }
  uint32_t Weighted(const WeightedClass& entry, std::span<const int8_t> scores) const;
  uint32_t Strongest(std::span<const WeightedClass> classes, std::span<const int8_t> scores) const;
  static uint32_t PatternProbability(const Rule& rule, const PatternStrengths& patterns);
  Q16 Combined(const Rule& rule, const PatchScores& patch) const;
  Verdict Judge(const Rule& rule, const PatchScores& patch) const;
  bool Yields(const Rule& rule) const;
  void BreakAt(size_t index, int64_t missing);
  void Step(size_t index, const PatchScores& patch);
  void Wait(size_t index, const Verdict& verdict);
  void Open(size_t index, uint32_t oldest);
  void GoOn(size_t index, const Verdict& verdict);
  void Count(Machine& machine, const Seen& seen, Q16 score);
  void Tell(size_t index, EventKind kind, EndReason reason);
  void Close(size_t index, EndReason reason);
  void TakeOver(size_t index, size_t here, const EventDetector& from);

  RuleSet rules_;
  ScoreFormat format_;
  uint32_t next_sequence_;
  std::array<Q16, 256> probability_;  ///< By int8 score + 128.
  std::vector<Machine> machines_;
  std::vector<uint8_t> order_;  ///< Rules by falling priority.
  std::vector<Event> told_;     ///< Capacity for all that one call can tell.
  std::array<Seen, kHistory> history_{};
  std::array<uint8_t, 10> open_by_priority_{};
  uint32_t newest_ = 0;
  bool has_patch_ = false;
};

}  // namespace sound_events

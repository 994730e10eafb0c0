// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/level.h"
#include "sound_events/pattern_stream.h"

namespace sound_events {

/// A probability, score or weight with 16 fraction bits: 65536 is 1.
using Q16 = int32_t;
inline constexpr Q16 kOne = 1 << 16;

/// How the weighted probabilities of a rule's classes become its score, 0 to 1.
enum class Combine {
  kMax,      ///< The largest.
  kSum,      ///< The sum, 1 at most.
  kNoisyOr,  ///< 1 - (1 - a)(1 - b)...: that at least one is there, were they independent.
};

std::string_view CombineName(Combine combine);

inline constexpr uint16_t kUnitWeight = 1 << 12;  ///< A weight times a Q16 probability fits 32 bits.

struct WeightedClass {
  uint16_t index;   ///< Of the model's output.
  uint16_t weight;  ///< In units of 1 / kUnitWeight; above 0, at most 4 kUnitWeight.

  bool operator==(const WeightedClass&) const = default;
};

/// A stretch of the day, minutes after local midnight; one that ends before it begins spans midnight.
struct DaySpan {
  int16_t from;
  int16_t to;

  bool operator==(const DaySpan&) const = default;
};

/// N of M patches.
struct PatchCount {
  int need = 1;
  int of = 1;

  bool operator==(const PatchCount&) const = default;
};

/// What makes an event out of patch scores. docs/rules.md says how each value works. Times are in samples at 16 kHz.
struct Rule {
  std::string name;   ///< Unique in its set: a letter, then letters, digits, '_' and '-', at most 31 characters.
  std::string title;  ///< For people; the name where none is given.

  std::vector<WeightedClass> classes;  ///< None, and no pattern: the score is always 1 and the level alone decides.
  Combine combine = Combine::kMax;
  std::vector<WeightedClass> suppress;

  std::optional<Pattern> pattern;         ///< Counts as one more class, its strength as that class's probability.
  uint16_t pattern_weight = kUnitWeight;  ///< As of a class.
  bool pattern_required = false;          ///< Nothing counts while the pattern is rather not heard.

  Q16 on = 0;
  Q16 off = 0;
  PatchCount patches;
  Q16 lasting_on = 0;  ///< A weaker sound that lasts may begin an event, too; 0 where it may not.
  PatchCount lasting_patches;

  int64_t min_duration = 0;
  int64_t max_duration = 0;
  int64_t hold = 0;
  int64_t cool_off = 0;
  int64_t update_every = 0;

  std::optional<base::CentiDecibels> min_level;
  std::optional<base::CentiDecibels> min_above_floor;
  base::CentiDecibels level_hysteresis = 0;

  base::CentiDecibels floor_reference = 0;
  Q16 threshold_per_decibel = 0;
  Q16 threshold_shift_limit = 0;

  bool bridge_gaps = false;
  int64_t longest_gap = 0;  ///< That is bridged.

  int priority = 0;  ///< 0 to 9, 9 is the most important.
  bool yields = false;
  std::vector<DaySpan> quiet_hours;

  /// Whether patches have scores; else the level alone decides.
  bool HasScore() const { return !classes.empty() || pattern.has_value(); }

  /// By how much both thresholds move at this noise floor.
  Q16 ThresholdShift(base::CentiDecibels floor) const;

  /// @param minute_of_day  local time, 0 to 1439, or -1 while nobody knows: then no hour is quiet.
  bool IsQuiet(int minute_of_day) const;

  bool operator==(const Rule&) const = default;
};

}  // namespace sound_events

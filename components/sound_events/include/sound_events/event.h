// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/level.h"
#include "sound_events/rule.h"

namespace sound_events {

enum class EventKind : uint8_t { kStart, kUpdate, kEnd };

/// Why an event ended.
enum class EndReason : uint8_t {
  kNone,          ///< It has not.
  kQuiet,         ///< The rule's hold time passed without it.
  kMaxDuration,   ///< The rule's longest duration was reached.
  kGap,           ///< Audio is missing, and the rule does not bridge that much.
  kStreamEnd,     ///< The audio ended.
  kRulesChanged,  ///< Other rules were set.
};

std::string_view EventKindName(EventKind kind);
std::string_view EndReasonName(EndReason reason);

/// A class and the largest probability it had.
struct TopClass {
  uint16_t index;
  Q16 peak;
};

/// The strongest classes, strongest first; of equal ones the lower index comes first.
class TopClasses {
 public:
  static constexpr size_t kMost = 5;

  void Clear() { count_ = 0; }
  void Offer(TopClass candidate);
  /// The class must beat this to get in.
  Q16 weakest() const { return count_ < kMost ? 0 : entries_[kMost - 1].peak; }

  const TopClass* begin() const { return entries_.data(); }
  const TopClass* end() const { return entries_.data() + count_; }

 private:
  std::array<TopClass, kMost> entries_{};
  size_t count_ = 0;
};

/// What a rule found. Start, updates and end of one event share its sequence number. A value without owners, so that it
/// can be queued and copied without allocation.
struct Event {
  static constexpr size_t kNameBytes = 32;

  EventKind kind;
  EndReason reason;
  uint8_t rule;  ///< Index in the rule set.
  uint8_t priority;
  uint32_t sequence;
  std::array<char, kNameBytes> name;  ///< The rule's, zero-terminated.
  int64_t start_sample;               ///< Of the first patch that counted.
  int64_t end_sample;                 ///< One behind the last patch that counted so far.
  int64_t peak_sample;                ///< Start of the patch with the highest score.
  Q16 peak;                           ///< Highest score.
  Q16 mean;                           ///< Mean score of its patches.
  uint32_t patches;
  base::CentiDecibels level;  ///< Of the loudest patch.
  base::CentiDecibels floor;  ///< When the event began.
  TopClasses top;             ///< Of all classes, by their peak in the event's patches.

  std::string_view rule_name() const { return name.data(); }
};

}  // namespace sound_events

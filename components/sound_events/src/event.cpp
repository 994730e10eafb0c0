// SPDX-License-Identifier: Apache-2.0
#include "sound_events/event.h"

#include <algorithm>

namespace sound_events {

std::string_view EventKindName(EventKind kind) {
  switch (kind) {
    case EventKind::kUpdate:
      return "update";
    case EventKind::kEnd:
      return "end";
    case EventKind::kStart:
      break;
  }
  return "start";
}

std::string_view EndReasonName(EndReason reason) {
  switch (reason) {
    case EndReason::kQuiet:
      return "quiet";
    case EndReason::kMaxDuration:
      return "max_duration";
    case EndReason::kGap:
      return "gap";
    case EndReason::kStreamEnd:
      return "stream_end";
    case EndReason::kRulesChanged:
      return "rules_changed";
    case EndReason::kNone:
      break;
  }
  return "none";
}

void TopClasses::Offer(TopClass candidate) {
  const auto beats = [](const TopClass& a, const TopClass& b) {
    return a.peak != b.peak ? a.peak > b.peak : a.index < b.index;
  };
  TopClass* const first = entries_.data();
  TopClass* const last = first + count_;
  TopClass* slot = std::find_if(first, last, [&](const TopClass& entry) { return entry.index == candidate.index; });
  if (slot == last && count_ < kMost) {
    ++count_;
  } else {
    if (slot == last) --slot;  // The weakest has to go, if any.
    if (!beats(candidate, *slot)) return;
  }
  for (; slot > first && beats(candidate, slot[-1]); --slot) *slot = slot[-1];
  *slot = candidate;
}

}  // namespace sound_events

// SPDX-License-Identifier: Apache-2.0
#include "sound_events/rule.h"

#include <algorithm>

namespace sound_events {

std::string_view CombineName(Combine combine) {
  switch (combine) {
    case Combine::kSum:
      return "sum";
    case Combine::kNoisyOr:
      return "noisy-or";
    case Combine::kMax:
      break;
  }
  return "max";
}

Q16 Rule::ThresholdShift(base::CentiDecibels floor) const {
  const int64_t shift = int64_t{threshold_per_decibel} * (floor - floor_reference) / 100;
  return static_cast<Q16>(std::clamp<int64_t>(shift, -threshold_shift_limit, threshold_shift_limit));
}

bool Rule::IsQuiet(int minute_of_day) const {
  if (minute_of_day < 0) return false;
  return std::ranges::any_of(quiet_hours, [&](const DaySpan& span) {
    if (span.from <= span.to) return span.from <= minute_of_day && minute_of_day < span.to;
    return minute_of_day >= span.from || minute_of_day < span.to;
  });
}

}  // namespace sound_events

// SPDX-License-Identifier: Apache-2.0
#include "listening/sample_clock.h"

#include "base/sample_rate.h"

namespace listening {

void SampleClock::Note(int64_t sample) { sample_zero_us_ = services_.UptimeUs() - base::MicrosecondsOf(sample); }

clip_store::EventTime SampleClock::TimeOf(int64_t sample) const {
  const int64_t heard_us = sample_zero_us_ + base::MicrosecondsOf(sample);
  clip_store::EventTime time{.uptime_ms = heard_us / 1000, .utc_ms = std::nullopt};
  const int64_t uptime_us = services_.UptimeUs();
  if (const auto utc_us = services_.UtcUs()) time.utc_ms = (*utc_us - (uptime_us - heard_us)) / 1000;
  return time;
}

}  // namespace listening

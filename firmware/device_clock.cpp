// SPDX-License-Identifier: Apache-2.0
#include "device_clock.h"

#include <cstdlib>
#include <ctime>
#include <optional>

#include "base/sample_rate.h"
#include "esp_timer.h"
#include "sdkconfig.h"

namespace firmware {
namespace {

/// Nothing before the clock is set: a chip counts from 1970.
std::optional<time_t> Now() {
  constexpr time_t kFirstBelievable = 1735689600;  // 2025-01-01
  const time_t now = std::time(nullptr);
  return now >= kFirstBelievable ? std::optional(now) : std::nullopt;
}

}  // namespace

void DeviceClock::Note(int64_t sample) { sample_zero_us_ = esp_timer_get_time() - base::MicrosecondsOf(sample); }

clip_store::EventTime DeviceClock::TimeOf(int64_t sample) const {
  const int64_t uptime_ms = (sample_zero_us_ + base::MicrosecondsOf(sample)) / 1000;
  const auto now = Now();
  if (!now) return {.uptime_ms = uptime_ms, .utc_ms = std::nullopt};
  const int64_t age_ms = esp_timer_get_time() / 1000 - uptime_ms;
  return {.uptime_ms = uptime_ms, .utc_ms = int64_t{*now} * 1000 - age_ms};
}

void DeviceClock::SetTimeZone() {
  setenv("TZ", CONFIG_FIRMWARE_TIME_ZONE, 1);
  tzset();
}

int DeviceClock::MinuteOfDay() {
  const auto now = Now();
  if (!now) return -1;
  tm local{};
  localtime_r(&*now, &local);
  return local.tm_hour * 60 + local.tm_min;
}

}  // namespace firmware

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "clip_store/clip_store.h"

namespace firmware {

/// When samples were heard, by the system's clocks: uptime always, UTC and local time once somebody has set the clock.
class DeviceClock final : public clip_store::Clock {
 public:
  /// @param sample  one behind the newest sample, which was heard just now.
  void Note(int64_t sample);

  clip_store::EventTime TimeOf(int64_t sample) const override;

  /// Makes local time what FIRMWARE_TIME_ZONE says.
  static void SetTimeZone();
  /// Local time, 0 to 1439; -1 before the clock is set.
  static int MinuteOfDay();

 private:
  std::atomic<int64_t> sample_zero_us_ = 0;  ///< On esp_timer's clock.
};

}  // namespace firmware

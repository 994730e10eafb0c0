// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "clip_store/clip_store.h"
#include "listening/services.h"

namespace listening {

/// When samples were heard: uptime always, UTC once somebody has set the clock.
class SampleClock final : public clip_store::Clock {
 public:
  explicit SampleClock(const Services& services) : services_(services) {}

  /// @param sample  one behind the newest sample, which was heard just now.
  void Note(int64_t sample);

  clip_store::EventTime TimeOf(int64_t sample) const override;

 private:
  const Services& services_;
  std::atomic<int64_t> sample_zero_us_ = 0;  ///< Uptime.
};

}  // namespace listening

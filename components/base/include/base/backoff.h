// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace base {

/// How long to wait before something that failed is tried again: twice as long each time, up to a limit.
class Backoff {
 public:
  explicit constexpr Backoff(int64_t first_ms = 1000, int64_t longest_ms = 60'000)
      : first_ms_(first_ms), longest_ms_(longest_ms), next_ms_(first_ms) {}

  /// It has failed once more.
  /// @return the pause before the next attempt, in ms.
  constexpr int64_t Fail() {
    ++failures_;
    const int64_t pause_ms = next_ms_;
    next_ms_ = std::min(2 * next_ms_, longest_ms_);
    return pause_ms;
  }

  /// It works: the next failure is the first one again.
  constexpr void Reset() {
    failures_ = 0;
    next_ms_ = first_ms_;
  }

  constexpr uint32_t failures() const { return failures_; }  ///< In a row.

 private:
  int64_t first_ms_;
  int64_t longest_ms_;
  int64_t next_ms_;
  uint32_t failures_ = 0;
};

}  // namespace base

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace board {

/// A push button without its bouncing. Whoever owns it asks the pin every 10 ms or so.
class Button {
 public:
  static constexpr int64_t kStableMs = 30;  ///< A contact bounces for less.
  static constexpr int64_t kHoldMs = 3000;

  enum class Event {
    kNone,
    kClicked,  ///< Let go of before kHoldMs.
    kHeld,     ///< Down for kHoldMs; told once, while it is still down.
  };

  /// A button that is down when it is first looked at (as BOOT is when the chip was put into download mode) tells
  /// nothing until it was let go of.
  /// @param down  as the pin is.
  /// @param now_ms  a clock that never goes back.
  Event Update(bool down, int64_t now_ms);

  bool down() const { return stable_ == State::kDown; }

 private:
  enum class State { kUnknown, kUp, kDown };

  Event Settle(State next);

  State seen_ = State::kUnknown;  ///< The pin's latest level, and since when.
  int64_t seen_since_ms_ = 0;
  State stable_ = State::kUnknown;
  bool counts_ = false;  ///< The press that goes on has begun before our eyes, and was not told as held yet.
};

}  // namespace board

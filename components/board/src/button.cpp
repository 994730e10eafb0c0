// SPDX-License-Identifier: Apache-2.0
#include "board/button.h"

namespace board {

Button::Event Button::Update(bool down, int64_t now_ms) {
  const State level = down ? State::kDown : State::kUp;
  if (level != seen_) {
    seen_ = level;
    seen_since_ms_ = now_ms;
  }
  const int64_t for_ms = now_ms - seen_since_ms_;
  if (stable_ != level && for_ms >= kStableMs) return Settle(level);
  if (stable_ == State::kDown && level == State::kDown && counts_ && for_ms >= kHoldMs) {
    counts_ = false;
    return Event::kHeld;
  }
  return Event::kNone;
}

Button::Event Button::Settle(State next) {
  const bool clicked = next == State::kUp && counts_;
  counts_ = next == State::kDown && stable_ == State::kUp;
  stable_ = next;
  return clicked ? Event::kClicked : Event::kNone;
}

}  // namespace board

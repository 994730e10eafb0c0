// SPDX-License-Identifier: Apache-2.0
#include "board/button.h"

#include <vector>

#include "check.h"

namespace {

using board::Button;

/// What a level that is held from `from_ms` up to `to_ms` tells, asked every 10 ms.
std::vector<Button::Event> Hold(Button& button, bool down, int64_t from_ms, int64_t to_ms) {
  std::vector<Button::Event> told;
  for (int64_t now_ms = from_ms; now_ms < to_ms; now_ms += 10) {
    if (const auto event = button.Update(down, now_ms); event != Button::Event::kNone) told.push_back(event);
  }
  return told;
}

const std::vector<Button::Event> kNothing;
const std::vector<Button::Event> kClick{Button::Event::kClicked};
const std::vector<Button::Event> kHold{Button::Event::kHeld};

void AClickIsToldOnceAndWhenLetGoOf() {
  Button button;
  CHECK(Hold(button, false, 0, 100) == kNothing);
  CHECK(Hold(button, true, 100, 400) == kNothing);
  CHECK(button.down());
  CHECK(Hold(button, false, 400, 9000) == kClick);
  CHECK(!button.down());
}

void BouncingIsOneClick() {
  Button button;
  Hold(button, false, 0, 100);
  int64_t now_ms = 100;
  for (const bool level : {true, false, true, false, true}) {
    CHECK(Hold(button, level, now_ms, now_ms + 20) == kNothing);
    now_ms += 20;
  }
  CHECK(Hold(button, true, now_ms, now_ms + 200) == kNothing);
  CHECK(Hold(button, false, now_ms + 200, now_ms + 400) == kClick);
}

void AGlitchIsNothing() {
  Button button;
  Hold(button, false, 0, 100);
  CHECK(Hold(button, true, 100, 120) == kNothing);
  CHECK(Hold(button, false, 120, 1000) == kNothing);
}

void AHoldIsToldOnceWhileItIsDownAndIsNoClick() {
  Button button;
  Hold(button, false, 0, 100);
  CHECK(Hold(button, true, 100, 100 + Button::kHoldMs) == kNothing);
  CHECK(Hold(button, true, 100 + Button::kHoldMs, 9000) == kHold);
  CHECK(Hold(button, false, 9000, 10000) == kNothing);
  CHECK(Hold(button, true, 10000, 10100) == kNothing);
  CHECK(Hold(button, false, 10100, 10200) == kClick);
}

void AButtonDownAtTheStartTellsNothingUntilItWasLetGoOf() {
  Button button;
  CHECK(Hold(button, true, 0, 10000) == kNothing);
  CHECK(Hold(button, false, 10000, 10100) == kNothing);
  CHECK(Hold(button, true, 10100, 10200) == kNothing);
  CHECK(Hold(button, false, 10200, 10300) == kClick);
}

}  // namespace

int main() {
  AClickIsToldOnceAndWhenLetGoOf();
  BouncingIsOneClick();
  AGlitchIsNothing();
  AHoldIsToldOnceWhileItIsDownAndIsNoClick();
  AButtonDownAtTheStartTellsNothingUntilItWasLetGoOf();
}

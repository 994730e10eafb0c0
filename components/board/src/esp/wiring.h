// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "board/board.h"

namespace board {

/// How the board is wired; GPIO numbers, -1 where there is none.
struct Wiring {
  const char* name;
  Es7210Pins audio;
  int sda;
  int scl;
  int power = -1;   ///< Driven high before anything else.
  int button = -1;  ///< Low while it is down.
  int led = -1;
  bool led_active_low = false;
};

extern const Wiring kWiring;

}  // namespace board

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

#include "board/board.h"

namespace board {

/// Switches on what hangs on the board's power chip or expander.
/// @return what that is, in words; "" where there is no such chip.
std::expected<std::string, std::string> PowerChips(i2c_master_bus_t* bus);

/// Sets a LED that hangs on an expander; nothing where there is none.
std::expected<void, std::string> SetExpanderLed(i2c_master_bus_t* bus, Led led);
bool HasExpanderLed();

}  // namespace board

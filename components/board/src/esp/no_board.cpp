// SPDX-License-Identifier: Apache-2.0
#include "board/board.h"

namespace board {

const char* name() { return ""; }
std::expected<std::string, std::string> PowerUp() { return "none"; }
i2c_master_bus_t* I2cBus() { return nullptr; }
std::optional<Es7210Pins> AudioPins() { return std::nullopt; }
std::optional<SdmmcPins> SdPins() { return std::nullopt; }
bool HasLed() { return false; }
std::expected<void, std::string> SetLed(Led) { return {}; }
std::optional<bool> ButtonDown() { return std::nullopt; }

}  // namespace board

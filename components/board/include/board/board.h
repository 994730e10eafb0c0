// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

struct i2c_master_bus_t;  // ESP-IDF's: an i2c_master_bus_handle_t points to one

/// The board that Kconfig chooses. Where that is none (QEMU, Linux) there is nothing, and PowerUp() succeeds.
namespace board {

/// "" where there is no board.
const char* name();

/// The first thing to be done after a start: opens the I2C bus and switches on what the board has behind it or behind
/// a pin, that is microphones and SD card. May be called again, as after a failure; then the bus is freed from a chip
/// that holds it, and everything is switched on anew. One task at a time.
/// @return what was switched on, in words; or the chip that does not answer. What does not hang on that chip works all
///     the same, and I2cBus() is there.
std::expected<std::string, std::string> PowerUp();

/// The bus of the codec, from PowerUp() on; nullptr where there is none. Its driver locks it for each transfer.
i2c_master_bus_t* I2cBus();

/// GPIO numbers, -1 for a line that is not connected.
struct Es7210Pins {
  int mclk;
  int bclk;
  int ws;
  int din;
  uint8_t i2c_address;  ///< 7 bits.
};
std::optional<Es7210Pins> AudioPins();

/// GPIO numbers, -1 for a line that is not connected. Its power is PowerUp()'s matter.
struct SdmmcPins {
  int clk;
  int cmd;
  int d0;
  int d1;
  int d2;
  int d3;
  int card_detect;
};
std::optional<SdmmcPins> SdPins();

/// What a LED shows; one of a single colour is on for each colour.
enum class Led { kOff, kRed, kBlue };
bool HasLed();
/// Does nothing where there is no LED. Not before PowerUp().
std::expected<void, std::string> SetLed(Led led);

/// Whether the user's button is down just now, bouncing as it may (board/button.h); nothing where there is none.
std::optional<bool> ButtonDown();

}  // namespace board

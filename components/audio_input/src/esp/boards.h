// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "driver/gpio.h"
#include "driver/i2c_types.h"

namespace audio_input {

/// How an ES7210 is wired.
struct Board {
  const char* name;
  gpio_num_t mclk;
  gpio_num_t bclk;
  gpio_num_t ws;
  gpio_num_t din;
  gpio_num_t sda;
  gpio_num_t scl;
  gpio_num_t power;     ///< Driven high before the codec is opened; GPIO_NUM_NC where there is none.
  uint8_t i2c_address;  ///< 7 bits.
};

extern const Board kBoard;  ///< The one Kconfig chooses.

/// Switches on what the board has behind I2C: microphones, SD card.
std::expected<void, std::string> PowerUp(i2c_master_bus_handle_t i2c);

}  // namespace audio_input

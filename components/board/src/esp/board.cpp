// SPDX-License-Identifier: Apache-2.0
#include "board/board.h"

#include <atomic>

#include "chips.h"
#include "driver/gpio.h"
#include "driver/i2c_master.h"
#include "esp_err.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"
#include "wiring.h"

namespace board {
namespace {

#if CONFIG_BOARD_SD_CARD
constexpr int kSdPowerLow = CONFIG_BOARD_SD_POWER_LOW;
#else
constexpr int kSdPowerLow = -1;
#endif
// A card's supply may rise for 35 ms, and it wants 1 ms then (SD Physical Layer Simplified Specification, power up).
constexpr uint32_t kSettleMs = 40;

std::atomic<i2c_master_bus_handle_t> the_bus = nullptr;

const uint32_t kLedOff = kWiring.led_active_low ? 1 : 0;

void Drive(int pin, uint32_t level) {
  const auto gpio = static_cast<gpio_num_t>(pin);
  gpio_reset_pin(gpio);
  gpio_set_level(gpio, level);  // first the level: the pin must not flicker
  gpio_set_direction(gpio, GPIO_MODE_OUTPUT);
}

esp_err_t OpenBus() {
  if (the_bus != nullptr) return i2c_master_bus_reset(the_bus);
  const i2c_master_bus_config_t config = {.i2c_port = 0,
                                          .sda_io_num = static_cast<gpio_num_t>(kWiring.sda),
                                          .scl_io_num = static_cast<gpio_num_t>(kWiring.scl),
                                          .clk_source = I2C_CLK_SRC_DEFAULT,
                                          .glitch_ignore_cnt = 7,
                                          .intr_priority = 0,
                                          .trans_queue_depth = 0,
                                          .flags = {.enable_internal_pullup = 1, .allow_pd = 0}};
  i2c_master_bus_handle_t bus = nullptr;
  const esp_err_t result = i2c_new_master_bus(&config, &bus);
  if (result == ESP_OK) the_bus = bus;
  return result;
}

void Note(std::string& powered, const std::string& what) {
  if (what.empty()) return;
  if (!powered.empty()) powered += ", ";
  powered += what;
}

}  // namespace

const char* name() { return kWiring.name; }

std::expected<std::string, std::string> PowerUp() {
  std::string powered;
  if (kWiring.power >= 0) {
    Drive(kWiring.power, 1);
    Note(powered, "power on by GPIO" + std::to_string(kWiring.power));
  }
  if (kSdPowerLow >= 0) {
    Drive(kSdPowerLow, 0);
    Note(powered, "SD card by GPIO" + std::to_string(kSdPowerLow));
  }
  if (kWiring.led >= 0) Drive(kWiring.led, kLedOff);
  if (kWiring.button >= 0) {
    const auto button = static_cast<gpio_num_t>(kWiring.button);
    gpio_set_direction(button, GPIO_MODE_INPUT);
    gpio_pullup_en(button);
  }
  if (const esp_err_t result = OpenBus(); result != ESP_OK) {
    return std::unexpected(std::string("I2C bus: ") + esp_err_to_name(result));
  }
  const auto chips = PowerChips(the_bus);
  if (!chips) return chips;
  Note(powered, *chips);
  if (!powered.empty()) vTaskDelay(pdMS_TO_TICKS(kSettleMs));
  return std::string(kWiring.name) + (powered.empty() ? "" : ": " + powered);
}

i2c_master_bus_t* I2cBus() { return the_bus; }

std::optional<Es7210Pins> AudioPins() { return kWiring.audio; }

std::optional<SdmmcPins> SdPins() {
#if CONFIG_BOARD_SD_CARD
  return SdmmcPins{.clk = CONFIG_BOARD_SD_CLK,
                   .cmd = CONFIG_BOARD_SD_CMD,
                   .d0 = CONFIG_BOARD_SD_D0,
                   .d1 = CONFIG_BOARD_SD_D1,
                   .d2 = CONFIG_BOARD_SD_D2,
                   .d3 = CONFIG_BOARD_SD_D3,
                   .card_detect = CONFIG_BOARD_SD_DETECT};
#else
  return std::nullopt;
#endif
}

bool HasLed() { return kWiring.led >= 0 || HasExpanderLed(); }

std::expected<void, std::string> SetLed(Led led) {
  if (kWiring.led >= 0) gpio_set_level(static_cast<gpio_num_t>(kWiring.led), led == Led::kOff ? kLedOff : 1 - kLedOff);
  if (HasExpanderLed() && the_bus == nullptr) return std::unexpected("the I2C bus is not open");
  return SetExpanderLed(the_bus, led);
}

std::optional<bool> ButtonDown() {
  if (kWiring.button < 0) return std::nullopt;
  return gpio_get_level(static_cast<gpio_num_t>(kWiring.button)) == 0;
}

}  // namespace board

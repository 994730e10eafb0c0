// SPDX-License-Identifier: Apache-2.0
#include "boards.h"

#include "driver/i2c_master.h"
#include "esp_err.h"
#include "sdkconfig.h"

namespace audio_input {

// Pins: the makers' public schematics and board support packages. None was checked on silicon by this project.
#if CONFIG_AUDIO_INPUT_BOARD_WAVESHARE_S3_CAM
const Board kBoard = {"waveshare-esp32-s3-cam",
                      GPIO_NUM_10,
                      GPIO_NUM_11,
                      GPIO_NUM_12,
                      GPIO_NUM_13,
                      GPIO_NUM_8,
                      GPIO_NUM_7,
                      GPIO_NUM_NC,
                      0x40};
#elif CONFIG_AUDIO_INPUT_BOARD_BOX_3
const Board kBoard = {"esp32-s3-box-3", GPIO_NUM_2,  GPIO_NUM_17, GPIO_NUM_45, GPIO_NUM_16,
                      GPIO_NUM_8,       GPIO_NUM_18, GPIO_NUM_NC, 0x40};
#elif CONFIG_AUDIO_INPUT_BOARD_KORVO_2
const Board kBoard = {"esp32-s3-korvo-2", GPIO_NUM_16, GPIO_NUM_9,  GPIO_NUM_45, GPIO_NUM_10,
                      GPIO_NUM_17,        GPIO_NUM_18, GPIO_NUM_NC, 0x40};
#elif CONFIG_AUDIO_INPUT_BOARD_CORES3
const Board kBoard = {"m5stack-cores3", GPIO_NUM_0,  GPIO_NUM_34, GPIO_NUM_33, GPIO_NUM_14,
                      GPIO_NUM_12,      GPIO_NUM_11, GPIO_NUM_NC, 0x40};
#elif CONFIG_AUDIO_INPUT_BOARD_T_DECK
const Board kBoard = {"lilygo-t-deck", GPIO_NUM_48, GPIO_NUM_47, GPIO_NUM_21, GPIO_NUM_14,
                      GPIO_NUM_18,     GPIO_NUM_8,  GPIO_NUM_10, 0x40};
#else
const Board kBoard = {"custom",
                      static_cast<gpio_num_t>(CONFIG_AUDIO_INPUT_PIN_MCLK),
                      static_cast<gpio_num_t>(CONFIG_AUDIO_INPUT_PIN_BCLK),
                      static_cast<gpio_num_t>(CONFIG_AUDIO_INPUT_PIN_WS),
                      static_cast<gpio_num_t>(CONFIG_AUDIO_INPUT_PIN_DIN),
                      static_cast<gpio_num_t>(CONFIG_AUDIO_INPUT_PIN_SDA),
                      static_cast<gpio_num_t>(CONFIG_AUDIO_INPUT_PIN_SCL),
                      static_cast<gpio_num_t>(CONFIG_AUDIO_INPUT_PIN_POWER),
                      CONFIG_AUDIO_INPUT_I2C_ADDRESS};
#endif

#if CONFIG_AUDIO_INPUT_BOARD_CORES3
// The ES7210 hangs on the AXP2101's ALDO1 and ALDO2: 1.8 V and 3.3 V (M5Stack CoreS3 schematic, AXP2101 data sheet).
std::expected<void, std::string> PowerUp(i2c_master_bus_handle_t i2c) {
  constexpr int kTimeoutMs = 100;
  constexpr uint8_t kEnableRegister = 0x90;
  constexpr uint8_t kAldo1AndAldo2 = 0x03;
  constexpr uint8_t kVoltages[][2] = {{0x92, 13}, {0x93, 28}};  // (mV - 500) / 100
  const i2c_device_config_t config = {.dev_addr_length = I2C_ADDR_BIT_LEN_7,
                                      .device_address = 0x34,
                                      .scl_speed_hz = 400000,
                                      .scl_wait_us = 0,
                                      .flags = {}};
  i2c_master_dev_handle_t pmu = nullptr;
  esp_err_t result = i2c_master_bus_add_device(i2c, &config, &pmu);
  if (result != ESP_OK) return std::unexpected(std::string("AXP2101: ") + esp_err_to_name(result));
  for (const auto& voltage : kVoltages) {
    if (result == ESP_OK) result = i2c_master_transmit(pmu, voltage, sizeof(voltage), kTimeoutMs);
  }
  uint8_t enable[2] = {kEnableRegister, 0};
  if (result == ESP_OK) result = i2c_master_transmit_receive(pmu, enable, 1, enable + 1, 1, kTimeoutMs);
  enable[1] |= kAldo1AndAldo2;
  if (result == ESP_OK) result = i2c_master_transmit(pmu, enable, sizeof(enable), kTimeoutMs);
  i2c_master_bus_rm_device(pmu);
  if (result != ESP_OK) return std::unexpected(std::string("AXP2101: ") + esp_err_to_name(result));
  return {};
}
#else
std::expected<void, std::string> PowerUp(i2c_master_bus_handle_t) { return {}; }
#endif

}  // namespace audio_input

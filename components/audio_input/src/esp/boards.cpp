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

#if CONFIG_AUDIO_INPUT_BOARD_CORES3 || CONFIG_AUDIO_INPUT_BOARD_WAVESHARE_S3_CAM
namespace {

constexpr int kTimeoutMs = 100;

/// A chip on the codec's I2C bus, by its 7-bit address.
class I2cChip {
 public:
  I2cChip(i2c_master_bus_handle_t bus, uint16_t address) {
    const i2c_device_config_t config = {.dev_addr_length = I2C_ADDR_BIT_LEN_7,
                                        .device_address = address,
                                        .scl_speed_hz = 400000,
                                        .scl_wait_us = 0,
                                        .flags = {}};
    result_ = i2c_master_bus_add_device(bus, &config, &device_);
  }
  ~I2cChip() {
    if (device_ != nullptr) i2c_master_bus_rm_device(device_);
  }
  I2cChip(const I2cChip&) = delete;

  void Write(uint8_t at, uint8_t value) {
    const uint8_t bytes[] = {at, value};
    if (result_ == ESP_OK) result_ = i2c_master_transmit(device_, bytes, sizeof(bytes), kTimeoutMs);
  }
  void SetBits(uint8_t at, uint8_t bits) {
    uint8_t value = 0;
    if (result_ == ESP_OK) result_ = i2c_master_transmit_receive(device_, &at, 1, &value, 1, kTimeoutMs);
    Write(at, value | bits);
  }
  std::expected<void, std::string> Outcome(const char* name) const {
    if (result_ == ESP_OK) return {};
    return std::unexpected(std::string(name) + ": " + esp_err_to_name(result_));
  }

 private:
  i2c_master_dev_handle_t device_ = nullptr;
  esp_err_t result_;
};

}  // namespace
#endif

#if CONFIG_AUDIO_INPUT_BOARD_CORES3
// The ES7210 hangs on the AXP2101's ALDO1 and ALDO2: 1.8 V and 3.3 V (M5Stack CoreS3 schematic, AXP2101 data sheet).
std::expected<void, std::string> PowerUp(i2c_master_bus_handle_t i2c) {
  constexpr uint8_t kEnable = 0x90;
  constexpr uint8_t kAldo1AndAldo2 = 0x03;
  I2cChip pmu(i2c, 0x34);
  pmu.Write(0x92, 13);  // (mV - 500) / 100
  pmu.Write(0x93, 28);
  pmu.SetBits(kEnable, kAldo1AndAldo2);
  return pmu.Outcome("AXP2101");
}
#elif CONFIG_AUDIO_INPUT_BOARD_WAVESHARE_S3_CAM
// The SD card works once outputs 2 and 6 of the board's CH32V003 are high; Waveshare's examples set all eight.
std::expected<void, std::string> PowerUp(i2c_master_bus_handle_t i2c) {
  constexpr uint8_t kDirections = 0x02;
  constexpr uint8_t kOutputs = 0x03;
  constexpr uint8_t kAll = 0xff;
  I2cChip expander(i2c, 0x24);
  expander.Write(kDirections, kAll);
  expander.Write(kOutputs, kAll);
  return expander.Outcome("CH32V003");
}
#else
std::expected<void, std::string> PowerUp(i2c_master_bus_handle_t) { return {}; }
#endif

}  // namespace audio_input

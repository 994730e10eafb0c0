// SPDX-License-Identifier: Apache-2.0
#include "i2c_chip.h"

#include <cstdio>

namespace board {
namespace {

constexpr int kTimeoutMs = 100;

}  // namespace

I2cChip::I2cChip(i2c_master_bus_handle_t bus, uint16_t address) : address_(address) {
  const i2c_device_config_t config = {.dev_addr_length = I2C_ADDR_BIT_LEN_7,
                                      .device_address = address,
                                      .scl_speed_hz = 400000,
                                      .scl_wait_us = 0,
                                      .flags = {}};
  result_ = i2c_master_bus_add_device(bus, &config, &device_);
}

I2cChip::~I2cChip() {
  if (device_ != nullptr) i2c_master_bus_rm_device(device_);
}

void I2cChip::Write(uint8_t at, uint8_t value) {
  const uint8_t bytes[] = {at, value};
  if (result_ == ESP_OK) result_ = i2c_master_transmit(device_, bytes, sizeof(bytes), kTimeoutMs);
}

void I2cChip::Change(uint8_t at, uint8_t mask, uint8_t value) {
  uint8_t before = 0;
  if (result_ == ESP_OK) result_ = i2c_master_transmit_receive(device_, &at, 1, &before, 1, kTimeoutMs);
  Write(at, static_cast<uint8_t>((before & ~mask) | (value & mask)));
}

std::expected<void, std::string> I2cChip::Outcome(const char* name) const {
  if (result_ == ESP_OK) return {};
  char text[96];
  std::snprintf(text, sizeof(text), "the %s at I2C address 0x%02x does not answer (%s)", name, address_,
                esp_err_to_name(result_));
  return std::unexpected(text);
}

}  // namespace board

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "driver/i2c_master.h"
#include "esp_err.h"

namespace board {

/// A chip with 8-bit registers on an I2C bus. After the first transfer that fails, the others are left out.
class I2cChip {
 public:
  /// @param address  7 bits.
  I2cChip(i2c_master_bus_handle_t bus, uint16_t address);
  ~I2cChip();
  I2cChip(const I2cChip&) = delete;

  void Write(uint8_t at, uint8_t value);
  /// Sets the bits of `mask` to those of `value`, and leaves the others.
  void Change(uint8_t at, uint8_t mask, uint8_t value);
  /// @param name  what the chip is called in the message.
  std::expected<void, std::string> Outcome(const char* name) const;

 private:
  uint16_t address_;
  i2c_master_dev_handle_t device_ = nullptr;
  esp_err_t result_;
};

}  // namespace board

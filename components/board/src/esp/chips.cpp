// SPDX-License-Identifier: Apache-2.0
#include "chips.h"

#include "i2c_chip.h"
#include "sdkconfig.h"

namespace board {

#if CONFIG_BOARD_CORES3
// ALDO2 is the ES7210's 3.3 V, ALDO1 the amplifier's 1.8 V, which shares its I2S lines (M5Stack CoreS3 schematic and
// M5Unified's Power_Class; registers: AXP2101 data sheet).
std::expected<std::string, std::string> PowerChips(i2c_master_bus_t* bus) {
  constexpr uint8_t kEnable = 0x90;
  constexpr uint8_t kAldo1Voltage = 0x92;
  constexpr uint8_t kAldo2Voltage = 0x93;
  constexpr uint8_t kAldo1AndAldo2 = 0x03;
  I2cChip pmu(bus, 0x34);
  pmu.Write(kAldo1Voltage, 13);  // (mV - 500) / 100
  pmu.Write(kAldo2Voltage, 28);
  pmu.Change(kEnable, kAldo1AndAldo2, kAldo1AndAldo2);
  if (const auto done = pmu.Outcome("AXP2101"); !done) return std::unexpected(done.error());
  return "microphones through the AXP2101";
}
#elif CONFIG_BOARD_WAVESHARE_S3_CAM
// The SD card works once outputs 2 and 6 of the board's CH32V003 are high; Waveshare's examples set all eight.
std::expected<std::string, std::string> PowerChips(i2c_master_bus_t* bus) {
  constexpr uint8_t kDirections = 0x02;
  constexpr uint8_t kOutputs = 0x03;
  constexpr uint8_t kAll = 0xff;
  I2cChip expander(bus, 0x24);
  expander.Write(kDirections, kAll);
  expander.Write(kOutputs, kAll);
  if (const auto done = expander.Outcome("CH32V003"); !done) return std::unexpected(done.error());
  return "SD card through the CH32V003";
}
#else
std::expected<std::string, std::string> PowerChips(i2c_master_bus_t*) { return ""; }
#endif

#if CONFIG_BOARD_KORVO_2
// Blue on P6, red on P7 of the TCA9554, both lit by a low level (esp-bsp, esp32_s3_korvo_2; some early boards have a
// TCA9554A, which has another address). Registers: TCA9554 data sheet.
std::expected<void, std::string> SetExpanderLed(i2c_master_bus_t* bus, Led led) {
  constexpr uint16_t kTca9554 = 0x20;
  constexpr uint16_t kTca9554a = 0x38;
  constexpr int kProbeMs = 20;
  constexpr uint8_t kOutputs = 0x01;
  constexpr uint8_t kInputs = 0x03;  // 1 is an input
  constexpr uint8_t kBlue = 1 << 6;
  constexpr uint8_t kRed = 1 << 7;
  constexpr uint8_t kBoth = kBlue | kRed;
  const bool early = i2c_master_probe(bus, kTca9554, kProbeMs) != ESP_OK;
  I2cChip expander(bus, early ? kTca9554a : kTca9554);
  const uint8_t lit = led == Led::kRed ? kRed : led == Led::kBlue ? kBlue : 0;
  expander.Change(kOutputs, kBoth, static_cast<uint8_t>(kBoth & ~lit));
  expander.Change(kInputs, kBoth, 0);
  return expander.Outcome(early ? "TCA9554A" : "TCA9554");
}
bool HasExpanderLed() { return true; }
#else
std::expected<void, std::string> SetExpanderLed(i2c_master_bus_t*, Led) { return {}; }
bool HasExpanderLed() { return false; }
#endif

}  // namespace board

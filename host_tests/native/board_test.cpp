// SPDX-License-Identifier: Apache-2.0
// The board that the build chooses, against a stand-in of ESP-IDF's drivers that keeps what is written: registers of
// the chips on I2C, levels of the pins, in order.
#include "board/board.h"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "check.h"
#include "driver/gpio.h"
#include "driver/i2c_master.h"
#include "freertos/task.h"

struct i2c_master_bus_t {};
struct i2c_master_dev_t {
  uint16_t address;
};

namespace {

i2c_master_bus_t bus;
bool bus_opens = true;
int buses_opened = 0;
int bus_resets = 0;
int devices = 0;
std::map<uint16_t, std::map<uint8_t, uint8_t>> chips;  ///< Those that answer, and their registers.
std::map<int, uint32_t> outputs;
std::set<int> inputs;
int pressed = -1;
std::vector<std::string> events;
uint32_t slept_ms = 0;

std::string Hex(unsigned value) {
  char text[8];
  std::snprintf(text, sizeof(text), "%02x", value);
  return text;
}

void StartAnew() {
  chips.clear();
  outputs.clear();
  inputs.clear();
  events.clear();
  slept_ms = 0;
}

bool Happened(std::string_view what) {
  for (const std::string& event : events) {
    if (event == what) return true;
  }
  return false;
}

}  // namespace

void vTaskDelay(TickType_t ticks) { slept_ms += ticks; }

esp_err_t gpio_reset_pin(gpio_num_t pin) {
  outputs.erase(pin);
  return ESP_OK;
}
esp_err_t gpio_set_direction(gpio_num_t pin, gpio_mode_t mode) {
  if (mode == GPIO_MODE_INPUT) inputs.insert(pin);
  return ESP_OK;
}
esp_err_t gpio_set_level(gpio_num_t pin, uint32_t level) {
  outputs[pin] = level;
  events.push_back("pin " + std::to_string(pin) + " " + std::to_string(level));
  return ESP_OK;
}
esp_err_t gpio_pullup_en(gpio_num_t) { return ESP_OK; }
int gpio_get_level(gpio_num_t pin) { return pin == pressed ? 0 : 1; }

esp_err_t i2c_new_master_bus(const i2c_master_bus_config_t* config, i2c_master_bus_handle_t* handle) {
  if (!bus_opens) return ESP_FAIL;
  ++buses_opened;
  events.push_back("bus " + std::to_string(config->sda_io_num) + " " + std::to_string(config->scl_io_num));
  *handle = &bus;
  return ESP_OK;
}
esp_err_t i2c_master_bus_reset(i2c_master_bus_handle_t) {
  ++bus_resets;
  return ESP_OK;
}
esp_err_t i2c_master_bus_add_device(i2c_master_bus_handle_t, const i2c_device_config_t* config,
                                    i2c_master_dev_handle_t* device) {
  ++devices;
  *device = new i2c_master_dev_t{config->device_address};
  return ESP_OK;
}
esp_err_t i2c_master_bus_rm_device(i2c_master_dev_handle_t device) {
  --devices;
  delete device;
  return ESP_OK;
}
esp_err_t i2c_master_probe(i2c_master_bus_handle_t, uint16_t address, int) {
  return chips.contains(address) ? ESP_OK : ESP_ERR_TIMEOUT;
}
esp_err_t i2c_master_transmit(i2c_master_dev_handle_t device, const uint8_t* bytes, size_t size, int) {
  if (!chips.contains(device->address)) return ESP_ERR_TIMEOUT;
  CHECK(size == 2);
  chips[device->address][bytes[0]] = bytes[1];
  events.push_back(Hex(device->address) + ": " + Hex(bytes[0]) + "=" + Hex(bytes[1]));
  return ESP_OK;
}
esp_err_t i2c_master_transmit_receive(i2c_master_dev_handle_t device, const uint8_t* written, size_t, uint8_t* read,
                                      size_t read_size, int) {
  if (!chips.contains(device->address)) return ESP_ERR_TIMEOUT;
  CHECK(read_size == 1);
  *read = chips[device->address][written[0]];
  return ESP_OK;
}

namespace {

/// What must be powered before a card or a microphone is asked, and what of it fails when its chip does not answer.
struct Expected {
  const char* name;
  int mclk;
  int sd_clk;           ///< -1: no card.
  uint16_t power_chip;  ///< 0: none.
  std::vector<std::string> powered;
  int button;  ///< -1: none.
};

#if CONFIG_BOARD_WAVESHARE_S3_CAM
const Expected kExpected{"waveshare-esp32-s3-cam", 10, 16, 0x24, {"bus 8 7", "24: 02=ff", "24: 03=ff"}, 0};
#elif CONFIG_BOARD_BOX_3
const Expected kExpected{"esp32-s3-box-3", 2, 11, 0, {"pin 43 0", "bus 8 18"}, 0};
#elif CONFIG_BOARD_KORVO_2
const Expected kExpected{"esp32-s3-korvo-2", 16, 15, 0, {"bus 17 18"}, 0};
#elif CONFIG_BOARD_CORES3
const Expected kExpected{"m5stack-cores3", 0, -1, 0x34, {"bus 12 11", "34: 92=0d", "34: 93=1c", "34: 90=03"}, -1};
#elif CONFIG_BOARD_T_DECK
const Expected kExpected{"lilygo-t-deck", 48, -1, 0, {"pin 10 1", "bus 18 8"}, -1};
#else
const Expected kExpected{"custom", 1, -1, 0, {"pin 5 1", "pin 6 1", "bus 2 3"}, 4};
#endif

void PowersEverythingBeforeAnybodyAsksForAudio() {
  if (kExpected.power_chip != 0) chips[kExpected.power_chip] = {};
  const auto powered = board::PowerUp();
  CHECK(powered.has_value(), "%s", powered.error().c_str());
  CHECK(powered->starts_with(kExpected.name), "%s", powered->c_str());
  CHECK(events == kExpected.powered, "%s", events.back().c_str());
  CHECK(board::I2cBus() == &bus);
  CHECK(devices == 0);
  // A card may take 35 ms to get its supply.
  CHECK((kExpected.powered.size() > 1) == (slept_ms >= 36));
}

void IsRetried() {
  StartAnew();
  if (kExpected.power_chip != 0) {
    const auto failed = board::PowerUp();
    CHECK(!failed.has_value());
    CHECK(failed.error().contains("does not answer (ESP_ERR_TIMEOUT)"), "%s", failed.error().c_str());
    CHECK(board::I2cBus() == &bus, "the codec may be there all the same");
    chips[kExpected.power_chip] = {};
  }
  const int resets = bus_resets;
  CHECK(board::PowerUp().has_value());
  CHECK(buses_opened == 1);
  CHECK(bus_resets == resets + 1, "a chip that holds the bus is freed");
  for (const std::string& event : kExpected.powered) CHECK(event.starts_with("bus") || Happened(event));
  CHECK(devices == 0);
}

void TellsItsPins() {
  CHECK(std::string_view(board::name()) == kExpected.name);
  const auto audio = board::AudioPins();
  CHECK(audio && audio->mclk == kExpected.mclk && audio->i2c_address == 0x40);
  const auto sd = board::SdPins();
  CHECK(sd.has_value() == (kExpected.sd_clk >= 0));
  if (sd) CHECK(sd->clk == kExpected.sd_clk && sd->cmd >= 0 && sd->d0 >= 0);
}

void ReadsItsButton() {
  CHECK(board::ButtonDown().has_value() == (kExpected.button >= 0));
  if (kExpected.button < 0) return;
  CHECK(inputs.contains(kExpected.button));
  CHECK(!*board::ButtonDown());
  pressed = kExpected.button;
  CHECK(*board::ButtonDown());
}

void LightsItsLed() {
  StartAnew();
#if CONFIG_BOARD_KORVO_2
  CHECK(board::HasLed());
  for (const uint16_t address : {0x38, 0x20}) {  // TCA9554A, TCA9554
    chips = {{address, {{1, 0x0f}, {3, 0xff}}}};
    CHECK(board::SetLed(board::Led::kBlue).has_value());
    CHECK(chips[address][1] == 0x8f, "%02x", chips[address][1]);
    CHECK(chips[address][3] == 0x3f, "%02x: other lines stay inputs", chips[address][3]);
    CHECK(board::SetLed(board::Led::kRed).has_value());
    CHECK(chips[address][1] == 0x4f);
    CHECK(board::SetLed(board::Led::kOff).has_value());
    CHECK(chips[address][1] == 0xcf);
  }
  chips.clear();
  CHECK(!board::SetLed(board::Led::kRed).has_value());
#elif CONFIG_BOARD_CUSTOM
  CHECK(board::HasLed());
  for (const board::Led led : {board::Led::kBlue, board::Led::kRed}) {
    CHECK(board::SetLed(led).has_value());
    CHECK(outputs[6] == 0, "it is lit by a low level");
    CHECK(board::SetLed(board::Led::kOff).has_value());
    CHECK(outputs[6] == 1);
  }
#else
  CHECK(!board::HasLed());
  CHECK(board::SetLed(board::Led::kRed).has_value());
  CHECK(events.empty());
#endif
}

}  // namespace

int main() {
  bus_opens = false;
  CHECK(!board::PowerUp().has_value());
  CHECK(board::I2cBus() == nullptr);
#if CONFIG_BOARD_BOX_3
  CHECK(Happened("pin 43 0"), "the card has its power though the bus does not open");
#endif
  bus_opens = true;
  StartAnew();
  PowersEverythingBeforeAnybodyAsksForAudio();
  IsRetried();
  TellsItsPins();
  ReadsItsButton();
  LightsItsLed();
}

// SPDX-License-Identifier: Apache-2.0
#include "storage_volumes.h"

#include "clip_store/esp/volumes.h"
#include "sdkconfig.h"

#if CONFIG_FIRMWARE_SD_CARD
#include "driver/gpio.h"
#endif

namespace firmware {

#if CONFIG_FIRMWARE_SD_CARD
namespace {

void PowerCard() {
  constexpr int kPin = CONFIG_FIRMWARE_SD_POWER_LOW;
  if (kPin < 0) return;
  constexpr auto kPower = static_cast<gpio_num_t>(kPin);
  gpio_reset_pin(kPower);
  gpio_set_direction(kPower, GPIO_MODE_OUTPUT);
  gpio_set_level(kPower, 0);
}

}  // namespace
#endif

std::vector<std::unique_ptr<clip_store::Volume>> MakeStorageVolumes() {
  std::vector<std::unique_ptr<clip_store::Volume>> volumes;
#if CONFIG_FIRMWARE_SD_CARD
  PowerCard();
  volumes.push_back(clip_store::esp::MakeSdCard({.clk = CONFIG_FIRMWARE_SD_CLK,
                                                 .cmd = CONFIG_FIRMWARE_SD_CMD,
                                                 .d0 = CONFIG_FIRMWARE_SD_D0,
                                                 .d1 = CONFIG_FIRMWARE_SD_D1,
                                                 .d2 = CONFIG_FIRMWARE_SD_D2,
                                                 .d3 = CONFIG_FIRMWARE_SD_D3,
                                                 .card_detect = CONFIG_FIRMWARE_SD_DETECT}));
#endif
  volumes.push_back(clip_store::esp::MakeFlashPartition());
  return volumes;
}

}  // namespace firmware

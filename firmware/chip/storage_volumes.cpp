// SPDX-License-Identifier: Apache-2.0
#include "storage_volumes.h"

#include "clip_store/esp/volumes.h"
#include "sdkconfig.h"

namespace firmware {

std::vector<std::unique_ptr<clip_store::Volume>> MakeStorageVolumes() {
  std::vector<std::unique_ptr<clip_store::Volume>> volumes;
#if CONFIG_FIRMWARE_SD_CARD
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

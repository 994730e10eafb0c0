// SPDX-License-Identifier: Apache-2.0
#include "storage_volumes.h"

#include "board/board.h"
#include "clip_store/esp/volumes.h"

namespace firmware {

std::vector<std::unique_ptr<clip_store::Volume>> MakeStorageVolumes() {
  std::vector<std::unique_ptr<clip_store::Volume>> volumes;
  if (const auto sd = board::SdPins()) {
    volumes.push_back(clip_store::esp::MakeSdCard({.clk = sd->clk,
                                                   .cmd = sd->cmd,
                                                   .d0 = sd->d0,
                                                   .d1 = sd->d1,
                                                   .d2 = sd->d2,
                                                   .d3 = sd->d3,
                                                   .card_detect = sd->card_detect}));
  }
  volumes.push_back(clip_store::esp::MakeFlashPartition());
  return volumes;
}

}  // namespace firmware

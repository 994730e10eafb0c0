// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "clip_store/storage.h"

namespace clip_store::esp {

/// How an SD card is wired; pins as GPIO numbers, -1 for lines that are not connected.
struct SdCardPins {
  int clk;
  int cmd;
  int d0;
  int d1 = -1;  ///< With d1 to d3 four data lines are used, else one.
  int d2 = -1;
  int d3 = -1;
  int card_detect = -1;
};

/// The SD card: SDMMC, FAT, mounted at /sdcard, files in /sdcard/events. Never formatted: it is its owner's.
std::unique_ptr<Volume> MakeSdCard(const SdCardPins& pins);

/// The `storage` partition, kept by FlashLog. Formatted while it is blank; one that holds something else is left as it
/// is until ClipStore::RequestFormat().
std::unique_ptr<Volume> MakeFlashPartition();

}  // namespace clip_store::esp

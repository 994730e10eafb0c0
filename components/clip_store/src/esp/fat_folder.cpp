// SPDX-License-Identifier: Apache-2.0
#include "fat_folder.h"

#include <memory>

#include "diskio_sdmmc.h"
#include "esp_vfs_fat.h"

namespace clip_store::esp {
namespace {

constexpr const char* kFolder = "/events";

StorageError FromFatFs(FRESULT result) {
  return result == FR_NO_PATH || result == FR_NO_FILE ? StorageError::kNotFound : StorageError::kGone;
}

}  // namespace

FatFolder::FatFolder(const char* base)
    : PosixFileLayer(std::string(base) + kFolder, [base]() -> StorageResult<uint64_t> {
        uint64_t total = 0;
        uint64_t free = 0;
        if (esp_vfs_fat_info(base, &total, &free) != ESP_OK) return std::unexpected(StorageError::kGone);
        return free;
      }) {}

void FatFolder::SetCard(const sdmmc_card_t* card) { drive_ = ff_diskio_get_pdrv_card(card); }

StorageResult<void> FatFolder::List(const std::function<void(std::string_view, uint64_t)>& visit) {
  const std::string path = std::to_string(drive_) + ":" + kFolder;
  FF_DIR folder;
  if (const FRESULT opened = f_opendir(&folder, path.c_str()); opened != FR_OK)
    return std::unexpected(FromFatFs(opened));
  const auto entry = std::make_unique<FILINFO>();  // A long name takes more than a stack has.
  FRESULT result;
  while ((result = f_readdir(&folder, entry.get())) == FR_OK && entry->fname[0] != 0) {
    if ((entry->fattrib & AM_DIR) == 0) visit(entry->fname, entry->fsize);
  }
  f_closedir(&folder);
  if (result != FR_OK) return std::unexpected(FromFatFs(result));
  return {};
}

}  // namespace clip_store::esp

// SPDX-License-Identifier: Apache-2.0
#include "fat_folder.h"

#include "esp_vfs_fat.h"

namespace clip_store::esp {

PosixFileLayer FatFolder(const char* base) {
  return PosixFileLayer(std::string(base) + "/events", [base]() -> StorageResult<uint64_t> {
    uint64_t total = 0;
    uint64_t free = 0;
    if (esp_vfs_fat_info(base, &total, &free) != ESP_OK) return std::unexpected(StorageError::kGone);
    return free;
  });
}

StorageError FromMountError(esp_err_t error) {
  return error == ESP_FAIL ? StorageError::kCorrupt : StorageError::kGone;
}

}  // namespace clip_store::esp

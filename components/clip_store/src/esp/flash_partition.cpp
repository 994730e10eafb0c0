// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "clip_store/esp/volumes.h"
#include "esp_log.h"
#include "esp_partition.h"
#include "esp_vfs_fat.h"
#include "fat_folder.h"
#include "wear_levelling.h"

namespace clip_store::esp {
namespace {

constexpr const char* kTag = "flash_partition";
constexpr const char* kBase = "/storage";
constexpr const char* kLabel = "storage";
constexpr int kMaxFiles = 6;

/// True when nothing was written yet but wear levelling's own records, which lie at the end.
bool IsBlank() {
  constexpr size_t kRecordBytes = 64 * 1024;
  constexpr size_t kChunkBytes = 4096;
  const esp_partition_t* const partition =
      esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_FAT, kLabel);
  if (partition == nullptr) return false;
  std::vector<uint8_t> chunk(kChunkBytes);
  for (size_t offset = 0; offset + kRecordBytes < partition->size; offset += kChunkBytes) {
    if (esp_partition_read(partition, offset, chunk.data(), chunk.size()) != ESP_OK) return false;
    if (std::ranges::any_of(chunk, [](uint8_t byte) { return byte != 0xff; })) return false;
  }
  return true;
}

class FlashPartition : public Volume {
 public:
  FlashPartition() : files_(FatFolder(kBase)) {}
  ~FlashPartition() override {
    if (Alive()) Unmount();
  }

  std::string_view name() const override { return "flash"; }

  StorageResult<FileLayer*> Mount() override {
    esp_err_t mounted = MountFat(false);
    if (mounted == ESP_FAIL && IsBlank()) mounted = MountFat(true);
    if (mounted != ESP_OK) {
      ESP_LOGE(kTag, "partition %s: %s%s", kLabel, esp_err_to_name(mounted),
               mounted == ESP_FAIL ? ": it holds something else than a FAT file system and is left as it is; "
                                     "parttool.py erase_partition --partition-name storage clears it"
                                   : "");
      return std::unexpected(FromMountError(mounted));
    }
    if (auto prepared = files_.Prepare(); !prepared) {
      Unmount();
      return std::unexpected(prepared.error());
    }
    return &files_;
  }

  void Unmount() override {
    const esp_err_t unmounted = esp_vfs_fat_spiflash_unmount_rw_wl(kBase, wear_levelling_);
    if (unmounted != ESP_OK) ESP_LOGW(kTag, "unmount: %s", esp_err_to_name(unmounted));
    wear_levelling_ = WL_INVALID_HANDLE;
  }

  bool Alive() override { return wear_levelling_ != WL_INVALID_HANDLE; }

 private:
  esp_err_t MountFat(bool format_if_mount_failed) {
    esp_vfs_fat_mount_config_t config = {};
    config.format_if_mount_failed = format_if_mount_failed;
    config.max_files = kMaxFiles;
    config.allocation_unit_size = CONFIG_WL_SECTOR_SIZE;
    const esp_err_t mounted = esp_vfs_fat_spiflash_mount_rw_wl(kBase, kLabel, &config, &wear_levelling_);
    if (mounted != ESP_OK) wear_levelling_ = WL_INVALID_HANDLE;
    return mounted;
  }

  PosixFileLayer files_;
  wl_handle_t wear_levelling_ = WL_INVALID_HANDLE;
};

}  // namespace

std::unique_ptr<Volume> MakeFlashPartition() { return std::make_unique<FlashPartition>(); }

}  // namespace clip_store::esp

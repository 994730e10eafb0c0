// SPDX-License-Identifier: Apache-2.0
#include "clip_store/esp/volumes.h"
#include "esp_log.h"
#include "esp_vfs_fat.h"
#include "fat_folder.h"
#include "wear_levelling.h"

namespace clip_store::esp {
namespace {

constexpr const char* kTag = "flash_partition";
constexpr const char* kBase = "/storage";
constexpr const char* kLabel = "storage";
constexpr int kMaxFiles = 6;

class FlashPartition : public Volume {
 public:
  FlashPartition() : files_(FatFolder(kBase)) {}
  ~FlashPartition() override {
    if (Alive()) Unmount();
  }

  std::string_view name() const override { return "flash"; }

  StorageResult<FileLayer*> Mount() override {
    esp_vfs_fat_mount_config_t config = {};
    config.format_if_mount_failed = true;  // Fresh from the factory it holds no file system.
    config.max_files = kMaxFiles;
    config.allocation_unit_size = CONFIG_WL_SECTOR_SIZE;
    const esp_err_t mounted = esp_vfs_fat_spiflash_mount_rw_wl(kBase, kLabel, &config, &wear_levelling_);
    if (mounted != ESP_OK) {
      wear_levelling_ = WL_INVALID_HANDLE;
      ESP_LOGE(kTag, "mount: %s", esp_err_to_name(mounted));
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
  PosixFileLayer files_;
  wl_handle_t wear_levelling_ = WL_INVALID_HANDLE;
};

}  // namespace

std::unique_ptr<Volume> MakeFlashPartition() { return std::make_unique<FlashPartition>(); }

}  // namespace clip_store::esp

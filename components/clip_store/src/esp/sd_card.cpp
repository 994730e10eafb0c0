// SPDX-License-Identifier: Apache-2.0
#include "clip_store/esp/volumes.h"
#include "driver/gpio.h"
#include "driver/sdmmc_host.h"
#include "esp_log.h"
#include "esp_vfs_fat.h"
#include "fat_folder.h"
#include "sdmmc_cmd.h"

namespace clip_store::esp {
namespace {

constexpr const char* kTag = "sd_card";
constexpr const char* kBase = "/sdcard";
constexpr int kMaxFiles = 8;  ///< Clip and journal being written, another one read, ClipReaders::kMost.
constexpr size_t kClusterBytes = 16 * 1024;

class SdCard : public Volume {
 public:
  explicit SdCard(const SdCardPins& pins) : pins_(pins), files_(kBase) {}
  ~SdCard() override {
    if (card_ != nullptr) Unmount();
  }

  std::string_view name() const override { return "sd"; }

  StorageResult<FileLayer*> Mount() override {
    sdmmc_host_t host = SDMMC_HOST_DEFAULT();
    host.max_freq_khz = SDMMC_FREQ_DEFAULT;  // 20 MHz: 32 KB/s of audio need no more, and long wires bear it.
    sdmmc_slot_config_t slot = SDMMC_SLOT_CONFIG_DEFAULT();
    slot.width = pins_.d3 >= 0 ? 4 : 1;
    slot.clk = static_cast<gpio_num_t>(pins_.clk);
    slot.cmd = static_cast<gpio_num_t>(pins_.cmd);
    slot.d0 = static_cast<gpio_num_t>(pins_.d0);
    slot.d1 = static_cast<gpio_num_t>(pins_.d1);
    slot.d2 = static_cast<gpio_num_t>(pins_.d2);
    slot.d3 = static_cast<gpio_num_t>(pins_.d3);
    slot.cd = pins_.card_detect >= 0 ? static_cast<gpio_num_t>(pins_.card_detect) : SDMMC_SLOT_NO_CD;
    slot.flags |= SDMMC_SLOT_FLAG_INTERNAL_PULLUP;
    esp_vfs_fat_sdmmc_mount_config_t config = {};
    config.format_if_mount_failed = false;
    config.max_files = kMaxFiles;
    config.allocation_unit_size = kClusterBytes;
    // Without a card this logs errors at every probe, which says nothing that the store's status does not.
    esp_log_level_set("vfs_fat_sdmmc", ESP_LOG_NONE);
    esp_log_level_set("sdmmc_common", ESP_LOG_NONE);
    const esp_err_t mounted = esp_vfs_fat_sdmmc_mount(kBase, &host, &slot, &config, &card_);
    if (mounted != ESP_OK) {
      card_ = nullptr;
      Say(mounted);
      return std::unexpected(mounted == ESP_FAIL ? StorageError::kCorrupt : StorageError::kGone);
    }
    said_ = ESP_OK;
    files_.SetCard(card_);
    if (auto prepared = files_.Prepare(); !prepared) {
      Unmount();
      return std::unexpected(prepared.error());
    }
    ESP_LOGI(kTag, "mounted: %s, %llu MB", card_->cid.name,
             static_cast<unsigned long long>(card_->csd.capacity) * card_->csd.sector_size >> 20);
    return &files_;
  }

  void Unmount() override {
    const esp_err_t unmounted = esp_vfs_fat_sdcard_unmount(kBase, card_);
    if (unmounted != ESP_OK) ESP_LOGW(kTag, "unmount: %s", esp_err_to_name(unmounted));
    card_ = nullptr;
  }

  bool Alive() override { return card_ != nullptr && sdmmc_get_status(card_) == ESP_OK; }

 private:
  /// A card is looked for every few seconds: what is said is said when it changes.
  void Say(esp_err_t error) {
    if (error == ESP_FAIL && said_ != ESP_FAIL) ESP_LOGE(kTag, "the card holds no FAT file system: it is not used");
    said_ = error;
  }

  SdCardPins pins_;
  esp_err_t said_ = ESP_OK;
  FatFolder files_;
  sdmmc_card_t* card_ = nullptr;
};

}  // namespace

std::unique_ptr<Volume> MakeSdCard(const SdCardPins& pins) { return std::make_unique<SdCard>(pins); }

}  // namespace clip_store::esp

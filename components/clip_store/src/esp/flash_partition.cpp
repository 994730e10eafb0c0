// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "clip_store/esp/partition_flash.h"
#include "clip_store/esp/volumes.h"
#include "clip_store/flash_log.h"
#include "esp_log.h"

namespace clip_store::esp {
namespace {

constexpr const char* kTag = "flash_partition";
constexpr const char* kLabel = "storage";

class FlashPartition : public Volume {
 public:
  std::string_view name() const override { return "flash"; }

  StorageResult<FileLayer*> Mount() override {
    if (!flash_.exists()) return std::unexpected(StorageError::kGone);
    if (said_ == StorageError::kCorrupt) return std::unexpected(*said_);  // Nobody but Format() can change that.
    if (const auto mounted = log_.Mount(); !mounted) {
      Say(mounted.error());
      return std::unexpected(mounted.error());
    }
    said_.reset();
    return &log_;
  }

  void Unmount() override {}
  bool Alive() override { return true; }
  bool can_format() const override { return true; }

  StorageResult<void> Format() override {
    const auto formatted = log_.Format();
    if (formatted) said_.reset();
    if (formatted) ESP_LOGW(kTag, "partition %s was formatted, as somebody asked", kLabel);
    return formatted;
  }

 private:
  /// The partition is looked at every few seconds: what is said is said when it changes.
  void Say(StorageError error) {
    if (said_ == error) return;
    said_ = error;
    const std::string_view why = StorageErrorName(error);
    ESP_LOGE(kTag, "partition %s: %.*s%s", kLabel, static_cast<int>(why.size()), why.data(),
             error == StorageError::kCorrupt ? ": it holds something else than clips and is left as it is until "
                                               "somebody asks for a format (docs/storage.md)"
                                             : "");
  }

  PartitionFlash flash_{esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, kLabel)};
  FlashLog log_{flash_};
  std::optional<StorageError> said_;
};

}  // namespace

std::unique_ptr<Volume> MakeFlashPartition() { return std::make_unique<FlashPartition>(); }

}  // namespace clip_store::esp

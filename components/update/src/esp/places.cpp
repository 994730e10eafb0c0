// SPDX-License-Identifier: Apache-2.0
#include "update/esp/places.h"

#include <atomic>

#include "clip_store/esp/partition_flash.h"
#include "esp_ota_ops.h"
#include "esp_partition.h"
#include "psa_signature_check.h"

namespace update::esp {
namespace {

using clip_store::esp::PartitionFlash;

std::atomic<bool> app_on_trial = false;

esp_ota_img_states_t StateOf(const esp_partition_t* partition) {
  esp_ota_img_states_t state = ESP_OTA_IMG_UNDEFINED;
  return esp_ota_get_state_partition(partition, &state) == ESP_OK ? state : ESP_OTA_IMG_UNDEFINED;
}

/// Reads otadata, for which flash is mapped and caches stop, when it is made: whoever asks later may have his stack in
/// PSRAM, and should not wait for an erase.
class OtaSlots final : public AppSlots {
 public:
  OtaSlots()
      : running_partition_(esp_ota_get_running_partition()),
        other_partition_(esp_ota_get_next_update_partition(nullptr)),
        running_(running_partition_),
        other_(other_partition_),
        other_state_(other_partition_ == nullptr ? ESP_OTA_IMG_UNDEFINED : StateOf(other_partition_)) {
    app_on_trial = StateOf(running_partition_) == ESP_OTA_IMG_PENDING_VERIFY;
  }

  std::string running_name() const override { return running_partition_->label; }
  clip_store::FlashDevice& running() override { return running_; }
  clip_store::FlashDevice* other() override { return other_.exists() ? &other_ : nullptr; }

  bool on_trial() const override { return app_on_trial; }

  bool other_failed() const override {
    return other_state_ == ESP_OTA_IMG_INVALID || other_state_ == ESP_OTA_IMG_ABORTED;
  }

  std::expected<void, std::string> StartOther() override {
    const esp_err_t result = esp_ota_set_boot_partition(other_partition_);
    if (result == ESP_OK) return {};
    return std::unexpected(result == ESP_ERR_OTA_VALIDATE_FAILED ? "what is in its slot is no whole app"
                                                                 : esp_err_to_name(result));
  }

 private:
  const esp_partition_t* running_partition_;
  const esp_partition_t* other_partition_;
  PartitionFlash running_;
  PartitionFlash other_;
  esp_ota_img_states_t other_state_;  ///< At the start; it changes with an update, which a restart follows.
};

PartitionFlash* Find(const char* label) {
  const esp_partition_t* const found =
      esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_SPIFFS, label);
  return found == nullptr ? nullptr : new PartitionFlash(found);
}

}  // namespace

Updates::Places FindPlaces(bool models) {
  Updates::Places places;
  static OtaSlots apps;
  static PsaSignatureCheck signatures;
  places.apps = &apps;
  places.signatures = &signatures;
  if (apps.other() == nullptr) places.no_apps = "the partition table has no second slot for an app";
  places.model = Find(kModelLabels[0]);
  if (!models) {
    places.no_second_model = "this build computes the model in a raw partition: write it by cable";
    return places;
  }
  places.second_model = Find(kModelLabels[1]);
  if (places.second_model == nullptr) {
    places.no_second_model =
        "the partition table has no second slot for a model (yamnet_1): flash this version once by cable "
        "(docs/updates.md)";
  } else if (places.model != nullptr && places.model->sectors() != places.second_model->sectors()) {
    places.no_second_model = "the partitions yamnet and yamnet_1 are not of one size";
    places.second_model = nullptr;
  }
  return places;
}

bool AppIsOnTrial() { return app_on_trial; }

esp_err_t ConfirmApp() {
  const esp_err_t result = esp_ota_mark_app_valid_cancel_rollback();
  if (result == ESP_OK) app_on_trial = false;
  return result;
}

}  // namespace update::esp

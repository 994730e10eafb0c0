// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"
#include "esp_partition.h"
#include "esp_timer.h"
#include "sdkconfig.h"
#include "sound_model/manifest.h"
#include "sound_model/model_store.h"

namespace sound_model {
namespace {

constexpr char kModelName[] = "yamnet.tflite";

std::unexpected<Error> Refuse(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, "model: " + std::move(message)});
}

}  // namespace

std::expected<LoadedModel, Error> LoadModel(const std::string& manifest_json) {
  const auto expected_hash = FileHash(manifest_json, kModelName);
  if (!expected_hash) return std::unexpected(expected_hash.error());
  const auto size = FileSize(manifest_json, kModelName);
  if (!size) return std::unexpected(size.error());
  const int64_t begin_us = esp_timer_get_time();
  const esp_partition_t* const partition =
      esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, CONFIG_SOUND_MODEL_RAW_PARTITION);
  if (partition == nullptr || partition->size < *size) {
    return Refuse(ErrorCode::kNotFound, "no data partition '" CONFIG_SOUND_MODEL_RAW_PARTITION "' that holds " +
                                            std::to_string(*size) + " bytes");
  }
  const void* start = nullptr;
  esp_partition_mmap_handle_t handle = 0;  // never unmapped: the model is used for as long as the program runs
  const esp_err_t result = esp_partition_mmap(partition, 0, *size, ESP_PARTITION_MMAP_DATA, &start, &handle);
  if (result != ESP_OK) {
    return Refuse(ErrorCode::kReadFailed, "its partition cannot be mapped: " + std::string(esp_err_to_name(result)));
  }
  const std::span<const uint8_t> bytes(static_cast<const uint8_t*>(start), *size);
  base::Sha256 sha256;
  sha256.Update(bytes);
  std::string hash = sha256.Finish();
  if (hash != *expected_hash) {
    esp_partition_munmap(handle);
    return Refuse(ErrorCode::kWrongHash, "its SHA-256 is " + hash + ", the manifest has " + *expected_hash);
  }
  return LoadedModel{bytes, std::move(hash), esp_timer_get_time() - begin_us};
}

}  // namespace sound_model

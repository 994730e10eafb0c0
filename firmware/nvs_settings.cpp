// SPDX-License-Identifier: Apache-2.0
#include "nvs_settings.h"

#include <memory>
#include <string_view>

#include "nvs_flash.h"
#include "nvs_handle.hpp"
#include "platform.h"

namespace firmware {
namespace {

esp_err_t OpenFlash() {
  PrepareFlash();
  const esp_err_t result = nvs_flash_init();
  if (result != ESP_ERR_NVS_NO_FREE_PAGES && result != ESP_ERR_NVS_NEW_VERSION_FOUND) return result;
  const esp_err_t erased = nvs_flash_erase();
  return erased == ESP_OK ? nvs_flash_init() : erased;
}

std::string Said(esp_err_t error) { return std::string("NVS: ") + esp_err_to_name(error); }

std::expected<void, std::string> Outcome(esp_err_t error) {
  if (error == ESP_OK) return {};
  return std::unexpected(Said(error));
}

/// An open namespace, and the name that a key has in it.
struct Place {
  Place(std::string_view key, nvs_open_mode_t mode) : name(key.substr(key.find('/') + 1)) {
    nvs = nvs::open_nvs_handle(std::string(key.substr(0, key.find('/'))).c_str(), mode, &error);
  }

  std::string name;
  esp_err_t error = ESP_OK;
  std::unique_ptr<nvs::NVSHandle> nvs;
};

}  // namespace

NvsSettings::NvsSettings() {
  if (!CanWriteFlash()) {
    broken_ = "NVS: no PSRAM, where code would run while flash is written";
    return;
  }
  if (const esp_err_t opened = OpenFlash(); opened != ESP_OK) broken_ = Said(opened);
}

std::vector<uint8_t> NvsSettings::Load(const char* key) {
  if (!broken_.empty()) return {};
  const Place place(key, NVS_READONLY);
  size_t size = 0;
  if (!place.nvs || place.nvs->get_item_size(nvs::ItemType::BLOB, place.name.c_str(), size) != ESP_OK) return {};
  std::vector<uint8_t> bytes(size);
  if (place.nvs->get_blob(place.name.c_str(), bytes.data(), bytes.size()) != ESP_OK) return {};
  return bytes;
}

std::expected<void, std::string> NvsSettings::Store(const char* key, std::span<const uint8_t> value) {
  if (!broken_.empty()) return std::unexpected(broken_);
  Place place(key, NVS_READWRITE);
  if (place.error == ESP_OK) place.error = place.nvs->set_blob(place.name.c_str(), value.data(), value.size());
  if (place.error == ESP_OK) place.error = place.nvs->commit();
  return Outcome(place.error);
}

std::expected<void, std::string> NvsSettings::Forget(const char* key) {
  if (!broken_.empty()) return std::unexpected(broken_);
  Place place(key, NVS_READWRITE);
  if (place.error == ESP_OK) place.error = place.nvs->erase_item(place.name.c_str());
  if (place.error == ESP_ERR_NVS_NOT_FOUND) return {};
  if (place.error == ESP_OK) place.error = place.nvs->commit();
  return Outcome(place.error);
}

}  // namespace firmware

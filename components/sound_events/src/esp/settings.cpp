// SPDX-License-Identifier: Apache-2.0
#include "sound_events/esp/settings.h"

#include <array>
#include <memory>
#include <vector>

#include "esp_log.h"
#include "nvs_handle.hpp"
#include "sound_events/presets.h"

namespace sound_events::esp {
namespace {

constexpr const char* kTag = "sound_events";
constexpr const char* kNamespace = "sound_events";
constexpr const char* kRulesKey = "rules";
constexpr const char* kFloorKey = "floor";

std::unique_ptr<nvs::NVSHandle> OpenNvs(nvs_open_mode_t mode, esp_err_t* error) {
  return nvs::open_nvs_handle(kNamespace, mode, error);
}

/// A blob's bytes; empty when there is none.
std::vector<uint8_t> Read(const char* key) {
  esp_err_t error = ESP_OK;
  const auto nvs = OpenNvs(NVS_READONLY, &error);
  size_t size = 0;
  if (!nvs || nvs->get_item_size(nvs::ItemType::BLOB, key, size) != ESP_OK) return {};
  std::vector<uint8_t> bytes(size);
  if (nvs->get_blob(key, bytes.data(), bytes.size()) != ESP_OK) return {};
  return bytes;
}

esp_err_t Write(const char* key, const void* bytes, size_t size) {
  esp_err_t error = ESP_OK;
  const auto nvs = OpenNvs(NVS_READWRITE, &error);
  if (error == ESP_OK) error = nvs->set_blob(key, bytes, size);
  if (error == ESP_OK) error = nvs->commit();
  return error;
}

ActiveRules AllPresets(std::span<const std::string> class_names) {
  std::string document = PresetDocument();
  auto rules = RuleSet::Parse(document, class_names);
  if (!rules) {
    ESP_LOGE(kTag, "the presets: %s", rules.error().Text().c_str());
    return {.rules = {}, .document = std::move(document), .stored = false};
  }
  return {.rules = *std::move(rules), .document = std::move(document), .stored = false};
}

}  // namespace

ActiveRules LoadRules(std::span<const std::string> class_names) {
  const std::vector<uint8_t> bytes = Read(kRulesKey);
  if (bytes.empty()) return AllPresets(class_names);
  std::string document(bytes.begin(), bytes.end());
  auto rules = RuleSet::Parse(document, class_names);
  if (rules) return {.rules = *std::move(rules), .document = std::move(document), .stored = true};
  ESP_LOGE(kTag, "the stored rules are refused, the presets run: %s", rules.error().Text().c_str());
  return AllPresets(class_names);
}

std::expected<RuleSet, Error> StoreRules(std::string_view json, std::span<const std::string> class_names) {
  auto rules = RuleSet::Parse(json, class_names);
  if (!rules) return rules;
  if (const esp_err_t error = Write(kRulesKey, json.data(), json.size()); error != ESP_OK) {
    std::string message = "the rules cannot be stored: ";
    return std::unexpected(Error{ErrorCode::kInvalidState, "", message += esp_err_to_name(error)});
  }
  return rules;
}

esp_err_t ForgetRules() {
  esp_err_t error = ESP_OK;
  const auto nvs = OpenNvs(NVS_READWRITE, &error);
  if (error == ESP_OK) error = nvs->erase_item(kRulesKey);
  if (error == ESP_ERR_NVS_NOT_FOUND) return ESP_OK;
  if (error == ESP_OK) error = nvs->commit();
  return error;
}

bool LoadFloor(NoiseFloor& floor) {
  const std::vector<uint8_t> state = Read(kFloorKey);
  if (state.empty()) return false;
  const auto restored = floor.Restore(state);
  if (!restored) ESP_LOGW(kTag, "%s", restored.error().Text().c_str());
  return restored.has_value();
}

esp_err_t StoreFloor(const NoiseFloor& floor) {
  const NoiseFloor::State state = floor.Save();
  return Write(kFloorKey, state.data(), state.size());
}

}  // namespace sound_events::esp

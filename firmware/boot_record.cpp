// SPDX-License-Identifier: Apache-2.0
#include "boot_record.h"

#include <memory>
#include <string_view>

#include "esp_log.h"
#include "nvs_flash.h"
#include "nvs_handle.hpp"
#include "platform.h"

namespace firmware {
namespace {

constexpr char kNamespace[] = "boot";
constexpr char kCountKey[] = "count";
constexpr char kHistoryKey[] = "history";
constexpr char kSeparator = '\n';
constexpr size_t kHistory = 8;
constexpr size_t kMostHistoryBytes = 512;

esp_err_t OpenFlash() {
  const esp_err_t result = nvs_flash_init();
  if (result != ESP_ERR_NVS_NO_FREE_PAGES && result != ESP_ERR_NVS_NEW_VERSION_FOUND) return result;
  const esp_err_t erased = nvs_flash_erase();
  return erased == ESP_OK ? nvs_flash_init() : erased;
}

/// A key that is not there yet counts as 0.
uint32_t Increase(nvs::NVSHandle& nvs, const char* key, bool by_one) {
  uint32_t value = 0;
  nvs.get_item(key, value);
  if (!by_one) return value;
  ++value;
  nvs.set_item(key, value);
  return value;
}

std::vector<std::string> ReadHistory(nvs::NVSHandle& nvs) {
  char text[kMostHistoryBytes];
  std::vector<std::string> reasons;
  if (nvs.get_string(kHistoryKey, text, sizeof(text)) != ESP_OK) return reasons;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find(kSeparator), rest.size());
    reasons.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return reasons;
}

void StoreHistory(nvs::NVSHandle& nvs, const std::vector<std::string>& reasons) {
  std::string text;
  for (const std::string& reason : reasons) text += reason + kSeparator;
  nvs.set_string(kHistoryKey, text.c_str());
}

}  // namespace

std::expected<BootRecord, std::string> CountBoot() {
  PrepareFlash();
  esp_err_t result = OpenFlash();
  std::unique_ptr<nvs::NVSHandle> nvs;
  if (result == ESP_OK) nvs = nvs::open_nvs_handle(kNamespace, NVS_READWRITE, &result);
  if (result != ESP_OK) return std::unexpected(std::string("NVS: ") + esp_err_to_name(result));
  const Reset reset = LastReset();
  BootRecord record{.count = Increase(*nvs, kCountKey, true),
                    .reset_reason = reset.name,
                    .panics = Increase(*nvs, "panics", reset.kind == ResetKind::kCrash),
                    .brownouts = Increase(*nvs, "brownouts", reset.kind == ResetKind::kBrownout),
                    .history = ReadHistory(*nvs)};
  record.history.push_back(reset.name);
  if (record.history.size() > kHistory) record.history.erase(record.history.begin());
  StoreHistory(*nvs, record.history);
  result = nvs->commit();
  if (result != ESP_OK) return std::unexpected(std::string("NVS: ") + esp_err_to_name(result));
  return record;
}

void RaiseBootCount(uint32_t count) {
  esp_err_t result;
  const auto nvs = nvs::open_nvs_handle(kNamespace, NVS_READWRITE, &result);
  if (result == ESP_OK) result = nvs->set_item(kCountKey, count);
  if (result == ESP_OK) result = nvs->commit();
  if (result != ESP_OK) ESP_LOGW("boot_record", "the boot count was not raised: %s", esp_err_to_name(result));
}

}  // namespace firmware

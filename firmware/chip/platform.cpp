// SPDX-License-Identifier: Apache-2.0
#include "platform.h"

#include "esp_err.h"
#include "esp_heap_caps.h"
#include "esp_ota_ops.h"
#include "esp_psram.h"
#include "esp_system.h"
#include "nvs.h"
#include "nvs_flash.h"
#include "sdkconfig.h"

namespace firmware {
namespace {

constexpr char kNamespace[] = "boot";

std::string ReasonName(esp_reset_reason_t reason) {
  switch (reason) {
    case ESP_RST_POWERON:
      return "power-on";
    case ESP_RST_EXT:
      return "external";
    case ESP_RST_SW:
      return "software";
    case ESP_RST_PANIC:
      return "panic";
    case ESP_RST_INT_WDT:
      return "interrupt watchdog";
    case ESP_RST_TASK_WDT:
      return "task watchdog";
    case ESP_RST_WDT:
      return "watchdog";
    case ESP_RST_DEEPSLEEP:
      return "deep sleep";
    case ESP_RST_BROWNOUT:
      return "brown-out";
    case ESP_RST_USB:
      return "usb";
    default:
      return "reason " + std::to_string(static_cast<int>(reason));
  }
}

bool IsCrash(esp_reset_reason_t reason) {
  return reason == ESP_RST_PANIC || reason == ESP_RST_INT_WDT || reason == ESP_RST_TASK_WDT || reason == ESP_RST_WDT;
}

uint32_t Increase(nvs_handle_t nvs, const char* key, uint32_t by) {
  uint32_t value = 0;
  nvs_get_u32(nvs, key, &value);  // a key that is not there yet leaves 0
  value += by;
  if (by != 0) nvs_set_u32(nvs, key, value);
  return value;
}

}  // namespace

MemoryState ReadMemory() {
  constexpr uint32_t kInternal = MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT;
  MemoryState state{heap_caps_get_free_size(kInternal), heap_caps_get_minimum_free_size(kInternal), {}, {}};
  if (esp_psram_is_initialized()) {
    state.free_psram = heap_caps_get_free_size(MALLOC_CAP_SPIRAM);
    state.min_free_psram = heap_caps_get_minimum_free_size(MALLOC_CAP_SPIRAM);
  }
  return state;
}

std::expected<BootRecord, std::string> CountBoot() {
  esp_err_t result = nvs_flash_init();
  if (result == ESP_ERR_NVS_NO_FREE_PAGES || result == ESP_ERR_NVS_NEW_VERSION_FOUND) {
    result = nvs_flash_erase();
    if (result == ESP_OK) result = nvs_flash_init();
  }
  nvs_handle_t nvs = 0;
  if (result == ESP_OK) result = nvs_open(kNamespace, NVS_READWRITE, &nvs);
  if (result != ESP_OK) return std::unexpected(std::string("NVS: ") + esp_err_to_name(result));
  const esp_reset_reason_t reason = esp_reset_reason();
  const BootRecord record{.count = Increase(nvs, "count", 1),
                          .reset_reason = ReasonName(reason),
                          .panics = Increase(nvs, "panics", IsCrash(reason) ? 1 : 0),
                          .brownouts = Increase(nvs, "brownouts", reason == ESP_RST_BROWNOUT ? 1 : 0)};
  result = nvs_commit(nvs);
  nvs_close(nvs);
  if (result != ESP_OK) return std::unexpected(std::string("NVS: ") + esp_err_to_name(result));
  return record;
}

std::expected<std::string, std::string> CheckMemory() {
  if (!esp_psram_is_initialized()) {
    return std::unexpected("no PSRAM was found: the model needs some, or SOUND_MODEL_MAPPED");
  }
  return std::to_string(esp_psram_get_size() / 1024) + " KB of PSRAM";
}

void ConfirmApp() {
  // Fails when there is nothing to confirm, as for an app that was flashed by cable.
  esp_ota_mark_app_valid_cancel_rollback();
}

void Restart() { esp_restart(); }

const char* TargetName() { return CONFIG_IDF_TARGET; }

}  // namespace firmware

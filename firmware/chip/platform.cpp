// SPDX-License-Identifier: Apache-2.0
#include "platform.h"

#include <sys/time.h>

#include "esp_heap_caps.h"
#include "esp_log.h"
#include "esp_ota_ops.h"
#include "esp_psram.h"
#include "esp_system.h"
#include "sdkconfig.h"
#include "update/esp/places.h"

namespace firmware {
namespace {

using listening::MemoryState;
using listening::Reset;
using listening::ResetKind;

constexpr char kTag[] = "platform";

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

ResetKind Kind(esp_reset_reason_t reason) {
  switch (reason) {
    case ESP_RST_PANIC:
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT:
      return ResetKind::kCrash;
    case ESP_RST_BROWNOUT:
      return ResetKind::kBrownout;
    default:
      return ResetKind::kWanted;
  }
}

}  // namespace

MemoryState ReadMemory() {
  constexpr uint32_t kInternal = MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT;
  MemoryState state{.free_heap = heap_caps_get_free_size(kInternal),
                    .min_free_heap = heap_caps_get_minimum_free_size(kInternal),
                    .largest_heap_block = heap_caps_get_largest_free_block(kInternal),
                    .free_psram = {},
                    .min_free_psram = {}};
  if (esp_psram_is_initialized()) {
    state.free_psram = heap_caps_get_free_size(MALLOC_CAP_SPIRAM);
    state.min_free_psram = heap_caps_get_minimum_free_size(MALLOC_CAP_SPIRAM);
  }
  return state;
}

void PrepareFlash() {}

Reset LastReset() {
  const esp_reset_reason_t reason = esp_reset_reason();
  return {ReasonName(reason), Kind(reason)};
}

std::expected<std::string, std::string> CheckMemory() {
  if (!CanWriteFlash()) {
    return std::unexpected(
        "no PSRAM was found, where this firmware's code should run: it can do nothing. A board without takes a build "
        "with sdkconfig.mapped");
  }
  if (!esp_psram_is_initialized()) {
    return std::unexpected("no PSRAM was found: the model needs some, or SOUND_MODEL_MAPPED");
  }
  return std::to_string(esp_psram_get_size() / 1024) + " KB of PSRAM";
}

bool AppIsOnTrial() { return update::esp::AppIsOnTrial(); }

void ConfirmApp() {
  if (!AppIsOnTrial()) return;
  if (const esp_err_t result = update::esp::ConfirmApp(); result != ESP_OK) {
    ESP_LOGE(kTag, "the app cannot be confirmed: %s", esp_err_to_name(result));
  }
}

void RollBack() {
  const esp_err_t result = esp_ota_mark_app_invalid_rollback_and_reboot();  // returns only when it fails
  ESP_LOGE(kTag, "there is no app to go back to (%s): this one stays", esp_err_to_name(result));
  ConfirmApp();
}

std::expected<void, std::string> SetSystemTime(int64_t utc_us) {
  const timeval now{.tv_sec = static_cast<time_t>(utc_us / 1'000'000),
                    .tv_usec = static_cast<suseconds_t>(utc_us % 1'000'000)};
  if (settimeofday(&now, nullptr) != 0) return std::unexpected("the system refuses it");
  return {};
}

void Restart() { esp_restart(); }

bool CanWriteFlash() {
#if CONFIG_SPIRAM_FETCH_INSTRUCTIONS && CONFIG_SPIRAM_RODATA
  return esp_psram_is_initialized();
#else
  return true;
#endif
}

const char* TargetName() { return CONFIG_IDF_TARGET; }

}  // namespace firmware

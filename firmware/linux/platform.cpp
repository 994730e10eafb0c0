// SPDX-License-Identifier: Apache-2.0
#include "platform.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>

#include "esp_log.h"
#include "esp_private/partition_linux.h"
#include "esp_timer.h"

// ESP-IDF's esp_timer has only headers on Linux.
extern "C" int64_t esp_timer_get_time() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  static const timespec start = now;
  return int64_t{now.tv_sec - start.tv_sec} * 1'000'000 + (now.tv_nsec - start.tv_nsec) / 1000;
}

namespace firmware {
namespace {

constexpr char kTag[] = "platform";

bool IsSet(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && std::string_view(value) == "1";
}

std::atomic<bool> on_trial = IsSet("YAMNET_APP_ON_TRIAL");

}  // namespace

listening::MemoryState ReadMemory() { return {}; }

void PrepareFlash() {
  // A copy of the whole flash that outlives the process; without it ESP-IDF makes one for the process.
  const char* const path = std::getenv("YAMNET_FLASH_FILE");
  if (path == nullptr) return;
  auto* const settings = esp_partition_get_file_mmap_ctrl_input();
  std::snprintf(settings->flash_file_name, sizeof(settings->flash_file_name), "%s", path);
}

listening::Reset LastReset() { return {"process start", listening::ResetKind::kWanted}; }

std::expected<std::string, std::string> CheckMemory() { return "the host's memory"; }

// A process was never updated: YAMNET_APP_ON_TRIAL=1 makes it one that was, and the log says what a chip would do.
bool AppIsOnTrial() { return on_trial; }

void ConfirmApp() {
  if (on_trial) ESP_LOGI(kTag, "the app is confirmed");
  on_trial = false;
}

void RollBack() {
  ESP_LOGE(kTag, "the app is rolled back");
  Restart();
}

std::expected<void, std::string> SetSystemTime(int64_t) { return std::unexpected("it is the computer's"); }

void Restart() { std::_Exit(EXIT_SUCCESS); }

bool CanWriteFlash() { return true; }

const char* TargetName() { return "linux"; }

}  // namespace firmware

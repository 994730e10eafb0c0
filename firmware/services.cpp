// SPDX-License-Identifier: Apache-2.0
#include "services.h"

#include <sys/time.h>

#include <cstdlib>
#include <ctime>

#include "esp_app_desc.h"
#include "esp_log.h"
#include "esp_random.h"
#include "esp_timer.h"
#include "free_rtos_lock.h"
#include "listening/device_state.h"
#include "network_interface.h"
#include "platform.h"
#include "sdkconfig.h"
#include "task_layout.h"

namespace firmware {
namespace {

/// A chip counts from 1970 until somebody sets its clock.
constexpr time_t kFirstBelievable = 1735689600;  // 2025-01-01

esp_log_level_t ToEsp(listening::LogLevel level) {
  switch (level) {
    case listening::LogLevel::kWarning:
      return ESP_LOG_WARN;
    case listening::LogLevel::kError:
      return ESP_LOG_ERROR;
    case listening::LogLevel::kInfo:
      break;
  }
  return ESP_LOG_INFO;
}

listening::FirmwareState DescribeFirmware() {
  const esp_app_desc_t* const description = esp_app_get_description();
  return {.name = description->project_name,
          .version = description->version,
          .idf = description->idf_ver,
          .built = std::string(description->date) + " " + description->time};
}

std::vector<listening::TaskState> DescribeTasks() {
  std::vector<listening::TaskState> tasks;
  for (const TaskLayout& layout : kTasks) {
    const TaskHandle_t task = xTaskGetHandle(layout.name);
    if (task != nullptr) tasks.push_back({layout.name, layout.core, uxTaskGetStackHighWaterMark(task)});
  }
  return tasks;
}

}  // namespace

std::unique_ptr<base::Lock> Services::MakeLock() { return std::make_unique<FreeRtosLock>(); }

int64_t Services::UptimeUs() const { return esp_timer_get_time(); }

std::optional<int64_t> Services::UtcUs() const {
  timeval now{};
  gettimeofday(&now, nullptr);
  if (now.tv_sec < kFirstBelievable) return std::nullopt;
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_usec;
}

std::expected<void, std::string> Services::SetUtc(int64_t utc_us) { return SetSystemTime(utc_us); }

int Services::MinuteOfDay() const {
  const auto utc_us = UtcUs();
  if (!utc_us) return -1;
  const auto now = static_cast<time_t>(*utc_us / 1'000'000);
  tm local{};
  localtime_r(&now, &local);
  return local.tm_hour * 60 + local.tm_min;
}

void Services::SetClock(std::string_view, std::string_view rule, std::string_view server) {
  setenv("TZ", rule.empty() ? "UTC0" : std::string(rule).c_str(), 1);
  tzset();
  SetTimeServer(std::string(server));
}

/// Before a radio runs the chip has no source of noise but its clocks; a token of 80 bits can bear that.
void Services::FillRandom(std::span<uint8_t> bytes) { esp_fill_random(bytes.data(), bytes.size()); }

void Services::Log(listening::LogLevel level, const char* tag, std::string_view text) {
  ESP_LOG_LEVEL(ToEsp(level), tag, "%.*s", static_cast<int>(text.size()), text.data());
}

void Services::Describe(listening::DeviceState& state) const {
  state.firmware = DescribeFirmware();
  state.target = TargetName();
  if (const Capture* const capture = capture_) state.audio = capture->state();
  state.memory = ReadMemory();
  state.network = ReadNetwork();
  state.tasks = DescribeTasks();
}

}  // namespace firmware

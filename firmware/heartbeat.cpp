// SPDX-License-Identifier: Apache-2.0
#include "heartbeat.h"

#include "app.h"
#include "esp_log.h"
#include "esp_timer.h"
#include "platform.h"
#include "sound_events/esp/settings.h"
#include "task_layout.h"

namespace firmware {
namespace {

constexpr char kTag[] = "heartbeat";
constexpr uint32_t kPeriodMs = 10000;
constexpr uint32_t kBeatsPerFloor = 60;  // NVS wears by it

/// ", floor -51.2 dBFS, rules 12: siren on, loud holding", as far as there is something to tell.
std::string EventsText(const App& app) {
  if (!app.watch) return "";
  const WatchState watch = app.watch->state();
  char floor[48];
  std::snprintf(floor, sizeof(floor), ", floor %.1f dBFS%s", watch.floor / 100.0,
                watch.floor_known ? "" : " (assumed)");
  std::string text =
      floor + (", events " + std::to_string(watch.events)) + ", rules " + std::to_string(watch.rules.size());
  const char* separator = ": ";
  for (const WatchState::Rule& rule : watch.rules) {
    if (rule.state == sound_events::RuleState::kIdle) continue;
    text += separator + rule.name + " " + std::string(sound_events::RuleStateName(rule.state));
    separator = ", ";
  }
  const RecorderState recorder = app.recorder.state();
  return text + ", storage " + (recorder.volume.empty() ? "none" : recorder.volume) +
         (recorder.recording.empty() ? "" : " recording");
}

void Beat(const App& app, uint32_t patches_before, int64_t period_us) {
  const InferenceTimes times = app.model ? app.model->times() : InferenceTimes{};
  const MemoryState memory = ReadMemory();
  const float rate = static_cast<float>(times.patches - patches_before) * 1e6f / static_cast<float>(period_us);
  const Capture* const capture = app.capture.get();
  ESP_LOGI(kTag,
           "%.2f patches/s, inference p50 %u ms, max %u ms, overruns %u, gaps %u, free heap %u, free PSRAM %u, "
           "level %.1f dBFS%s%s",
           static_cast<double>(rate), static_cast<unsigned>(times.p50_us / 1000),
           static_cast<unsigned>(times.max_us / 1000), capture ? static_cast<unsigned>(capture->ring().overruns()) : 0,
           capture ? static_cast<unsigned>(capture->gaps()) : 0, static_cast<unsigned>(memory.free_heap),
           static_cast<unsigned>(memory.free_psram.value_or(0)),
           static_cast<double>(base::Decibels(capture ? capture->level() : base::kSilence)), EventsText(app).c_str(),
           app.boot.ready() ? "" : ", NOT READY: see @info");
}

void Run(void* argument) {
  const App& app = *static_cast<const App*>(argument);
  uint32_t patches = 0;
  int64_t last_us = esp_timer_get_time();
  for (uint32_t beat = 1;; ++beat) {
    vTaskDelay(pdMS_TO_TICKS(kPeriodMs));
    const int64_t now_us = esp_timer_get_time();
    Beat(app, patches, now_us - last_us);
    patches = app.model ? app.model->times().patches : 0;
    last_us = now_us;
    if (beat % kBeatsPerFloor == 0 && app.watch) KeepFloor(*app.watch);
  }
}

}  // namespace

void StartHeartbeat(App& app) { StartTask(kHeartbeatTask, Run, &app, nullptr); }

void KeepFloor(const EventWatch& watch) {
  const sound_events::NoiseFloor floor = watch.floor();
  if (!floor.warmed_up()) return;
  if (const esp_err_t result = sound_events::esp::StoreFloor(floor); result != ESP_OK) {
    ESP_LOGW(kTag, "the noise floor is not stored: %s", esp_err_to_name(result));
  }
}

}  // namespace firmware

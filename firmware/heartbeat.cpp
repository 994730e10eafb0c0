// SPDX-License-Identifier: Apache-2.0
#include "heartbeat.h"

#include "app.h"
#include "esp_log.h"
#include "esp_timer.h"
#include "task_layout.h"

namespace firmware {
namespace {

constexpr char kTag[] = "heartbeat";
constexpr uint32_t kPeriodMs = 10000;

void Beat(const App& app, uint32_t patches_before, int64_t period_us) {
  const InferenceTimes times = app.model ? app.model->times() : InferenceTimes{};
  const MemoryState memory = ReadMemory();
  const float rate = static_cast<float>(times.patches - patches_before) * 1e6f / static_cast<float>(period_us);
  const Capture* const capture = app.capture.get();
  ESP_LOGI(kTag,
           "%.2f patches/s, inference p50 %u ms, max %u ms, overruns %u, gaps %u, free heap %u, free PSRAM %u, "
           "level %.1f dBFS%s",
           static_cast<double>(rate), static_cast<unsigned>(times.p50_us / 1000),
           static_cast<unsigned>(times.max_us / 1000),
           capture ? static_cast<unsigned>(app.capture->ring().overruns()) : 0,
           capture ? static_cast<unsigned>(capture->gaps()) : 0, static_cast<unsigned>(memory.free_heap),
           static_cast<unsigned>(memory.free_psram.value_or(0)),
           static_cast<double>(capture ? capture->level_dbfs() : audio_input::kSilenceDbfs),
           app.boot.ready() ? "" : ", NOT READY: see @info");
}

void Run(void* argument) {
  const App& app = *static_cast<const App*>(argument);
  uint32_t patches = 0;
  int64_t last_us = esp_timer_get_time();
  for (;;) {
    vTaskDelay(pdMS_TO_TICKS(kPeriodMs));
    const int64_t now_us = esp_timer_get_time();
    Beat(app, patches, now_us - last_us);
    patches = app.model ? app.model->times().patches : 0;
    last_us = now_us;
  }
}

}  // namespace

void StartHeartbeat(App& app) { StartTask(kHeartbeatTask, Run, &app, nullptr); }

}  // namespace firmware

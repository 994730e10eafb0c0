// SPDX-License-Identifier: Apache-2.0
#include "tasks.h"

#include "listening/upkeep.h"
#include "platform.h"
#include "task_layout.h"
#include "watchdog.h"

namespace firmware {
namespace {

constexpr TickType_t kUpkeepPeriod = pdMS_TO_TICKS(1000);
constexpr TickType_t kLongestWait = pdMS_TO_TICKS(1000);

struct Inference {
  Capture& capture;
  listening::Listener& listener;
};

void Infer(void* argument) {
  const auto [capture, listener] = *static_cast<Inference*>(argument);
  capture.SetReader(xTaskGetCurrentTaskHandle());
  WatchThisTask();
  for (uint32_t ends = 0;;) {
    FeedWatchdog();
    ulTaskNotifyTake(pdTRUE, kLongestWait);
    const uint32_t ends_by_now = capture.ends();
    while (const auto block = capture.ring().Front()) {
      FeedWatchdog();
      listener.Take(*block);
      capture.ring().Pop();
    }
    if (ends_by_now == ends) continue;
    ends = ends_by_now;
    listener.End();
  }
}

struct Storage {
  listening::ClipKeeper& clips;
  TickType_t period;
};

void Store(void* argument) {
  const auto [clips, period] = *static_cast<Storage*>(argument);
  while (!clips.closed()) {
    vTaskDelay(period);
    clips.Serve();
  }
  vTaskSuspend(nullptr);
}

/// The app that runs, as the bootloader sees it.
class AppTrial final : public listening::Trial {
 public:
  bool running() const override { return AppIsOnTrial(); }
  void Confirm() override { ConfirmApp(); }
  void RollBack() override { firmware::RollBack(); }
};

void KeepUp(void* argument) {
  AppTrial trial;
  listening::Upkeep upkeep(*static_cast<listening::Device*>(argument), trial);
  WatchThisTask();
  for (;;) {
    FeedWatchdog();
    vTaskDelay(kUpkeepPeriod);
    upkeep.Tick();
  }
}

}  // namespace

void StartInference(Capture& capture, listening::Listener& listener) {
  StartTask(kInferenceTask, Infer, new Inference{capture, listener}, nullptr);
}

void StartStorage(listening::ClipKeeper& clips, TickType_t period) {
  StartTask(kStorageTask, Store, new Storage{clips, period}, nullptr);
}

void StartUpkeep(listening::Device& device) { StartTask(kHeartbeatTask, KeepUp, &device, nullptr); }

}  // namespace firmware

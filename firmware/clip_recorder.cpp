// SPDX-License-Identifier: Apache-2.0
#include "clip_recorder.h"

#include <memory>

#include "base/lock.h"
#include "base/sample_rate.h"
#include "boot_record.h"
#include "esp_heap_caps.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "sdkconfig.h"
#include "storage_volumes.h"
#include "task_layout.h"

namespace firmware {
namespace {

constexpr size_t kRingSamples = size_t{base::SamplesIn(CONFIG_FIRMWARE_CLIP_RING_S)};
constexpr TickType_t kPeriod = pdMS_TO_TICKS(100);
constexpr int kPatiencePeriods = 30;

std::span<int16_t> AllocateRing() {
#if CONFIG_IDF_TARGET_LINUX
  constexpr uint32_t kCapabilities = MALLOC_CAP_DEFAULT;
#else
  constexpr uint32_t kCapabilities = MALLOC_CAP_8BIT | MALLOC_CAP_SPIRAM;
#endif
  auto* const samples = static_cast<int16_t*>(heap_caps_malloc(kRingSamples * sizeof(int16_t), kCapabilities));
  return samples == nullptr ? std::span<int16_t>() : std::span(samples, kRingSamples);
}

class TaskLock final : public base::Lock {
 public:
  TaskLock() : handle_(xSemaphoreCreateMutexStatic(&memory_)) {}

  void lock() override { xSemaphoreTake(handle_, portMAX_DELAY); }
  void unlock() override { xSemaphoreGive(handle_); }
  bool TryLockFor(int64_t milliseconds) override {
    return xSemaphoreTake(handle_, pdMS_TO_TICKS(static_cast<uint32_t>(milliseconds))) == pdTRUE;
  }

 private:
  StaticSemaphore_t memory_;
  SemaphoreHandle_t handle_;
};

}  // namespace

ClipRecorder::ClipRecorder(DeviceClock& clock) : clock_(clock) {}

std::expected<std::string, std::string> ClipRecorder::Allocate() {
  const std::span<int16_t> memory = AllocateRing();  // for as long as the device runs
  if (memory.empty()) {
    return std::unexpected("no " + std::to_string(kRingSamples * sizeof(int16_t)) +
                           " bytes of PSRAM for the pre-roll: lower FIRMWARE_CLIP_RING_S");
  }
  ring_ = std::make_unique<clip_store::SampleRing>(memory);
  return std::to_string(CONFIG_FIRMWARE_CLIP_RING_S) + " s of sound are kept in memory";
}

std::string ClipRecorder::Start(uint32_t boot_count) {
  kept_boot_ = boot_count;
  volumes_ = MakeStorageVolumes();
  std::vector<clip_store::Volume*> volumes;
  for (const auto& volume : volumes_) volumes.push_back(volume.get());
  const clip_store::ClipStoreSpec spec{
      .pre_roll = base::SamplesIn(CONFIG_FIRMWARE_CLIP_PRE_ROLL_S),
      .post_roll = base::SamplesIn(CONFIG_FIRMWARE_CLIP_POST_ROLL_S),
      .max_clip = base::SamplesIn(CONFIG_FIRMWARE_CLIP_MAX_S),
      .retention = {.max_clips = CONFIG_FIRMWARE_CLIPS_MAX,
                    .max_age_s = int64_t{CONFIG_FIRMWARE_CLIPS_MAX_DAYS} * 86400,
                    .min_free_bytes = uint64_t{CONFIG_FIRMWARE_CLIPS_FREE_KB} * 1024},
      .journal = {},
      .boot_count = boot_count,
  };
  store_ = std::make_unique<clip_store::ClipStore>(spec, *ring_, events_, volumes, clock_,
                                                   [] { return std::make_unique<TaskLock>(); });
  StartTask(
      kStorageTask, [](void* self) { static_cast<ClipRecorder*>(self)->Run(); }, this, nullptr);
  return "volumes are mounted beside listening";
}

void ClipRecorder::Run() {
  while (!stopped_) {
    vTaskDelay(kPeriod);
    const bool flush = flush_.exchange(false);
    store_->Service(esp_timer_get_time() / 1000);
    KeepBoot();
    if (!flush) continue;
    store_->Close();
    if (stop_requested_) stopped_ = true;
  }
  vTaskSuspend(nullptr);
}

void ClipRecorder::Stop() {
  if (!store_) return;
  stop_requested_ = true;
  flush_ = true;
  for (int i = 0; i < kPatiencePeriods && !stopped_; ++i) vTaskDelay(kPeriod);
}

/// Ids must not fall where the volume that raised them is lost.
void ClipRecorder::KeepBoot() {
  if (store_->boot() <= kept_boot_) return;
  kept_boot_ = store_->boot();
  RaiseBootCount(kept_boot_);
}

RecorderState ClipRecorder::state() const {
  if (!store_) return {};
  RecorderState now{.counts = store_->status(), .volume = {}, .recording = {}, .latest_lines = store_->latest_lines()};
  now.volume = now.counts.volume;
  now.recording = now.counts.recording;
  return now;
}

}  // namespace firmware

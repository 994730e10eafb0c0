// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "esp_heap_caps.h"
#include "freertos/FreeRTOS.h"
#include "freertos/idf_additions.h"
#include "freertos/task.h"
#include "sdkconfig.h"

namespace firmware {

/// A task's name, place and size. Stacks: the measured high-water mark (docs/hardware.md has them) and at least 1.5 KB.
struct TaskLayout {
  const char* name;
  int core;
  UBaseType_t priority;
  uint32_t stack_bytes;
  bool stack_in_psram = false;  ///< It is in no hurry, and never maps flash: caches are off then.
};

// Core 0 hears and speaks, core 1 thinks. Capture comes first: what is not read in time is lost.
inline constexpr TaskLayout kCaptureTask{"capture", 0, 18, 5120};
inline constexpr TaskLayout kConsoleTask{"console", 0, 5, 16384};
inline constexpr TaskLayout kStorageTask{"storage", 0, 4, 8192};
inline constexpr TaskLayout kHttpTask{"httpd", 0, 4, 16384};
inline constexpr TaskLayout kStreamTask{"http streams", 0, 4, 12288, true};
inline constexpr TaskLayout kNetworkTask{"network", 0, 4, 8192, true};
inline constexpr TaskLayout kUploadTask{"upload", 0, 4, 12288};  // only while somebody sends an update
inline constexpr TaskLayout kHeartbeatTask{"heartbeat", 0, 3, 8192};
inline constexpr TaskLayout kHomeTask{"home", 0, 3, 12288, true};
inline constexpr TaskLayout kMqttTask{"mqtt_task", 0, 4, 6144};  // the client makes it itself
inline constexpr TaskLayout kPanelTask{"panel", 0, 2, 4096};
inline constexpr TaskLayout kInferenceTask{"inference", 1, 10, 10240};
// Ends when the boot is over, and gives its stack back: reading rules takes much of it.
inline constexpr TaskLayout kBootTask{"boot", 0, 1, 24576};
inline constexpr std::array kTasks{kCaptureTask, kConsoleTask,   kStorageTask, kHttpTask,
                                   kStreamTask,  kUploadTask,    kNetworkTask, kHomeTask,
                                   kMqttTask,    kHeartbeatTask, kPanelTask,   kInferenceTask};

/// @return false when there is no memory for it.
inline bool TryStartTask(const TaskLayout& layout, TaskFunction_t run, void* argument, TaskHandle_t* handle) {
#if CONFIG_IDF_TARGET_LINUX
  constexpr uint32_t kLeastStack = 65536;  // the host's libraries take what they like
  // One core for all, and app_main's priority: a replay as fast as can be must leave time to the others.
  constexpr int kOnlyCore = 0;
  constexpr UBaseType_t kPriority = 1;
  const uint32_t stack = layout.stack_bytes > kLeastStack ? layout.stack_bytes : kLeastStack;
  const BaseType_t made = xTaskCreatePinnedToCore(run, layout.name, stack, argument, kPriority, handle, kOnlyCore);
#else
  const int core = layout.core < portNUM_PROCESSORS ? layout.core : 0;
#if CONFIG_SPIRAM_XIP_FROM_PSRAM  // else caches are off whenever flash is written
  if (layout.stack_in_psram &&
      xTaskCreatePinnedToCoreWithCaps(run, layout.name, layout.stack_bytes, argument, layout.priority, handle, core,
                                      MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT) == pdPASS) {
    return true;
  }
#endif
  const BaseType_t made =
      xTaskCreatePinnedToCore(run, layout.name, layout.stack_bytes, argument, layout.priority, handle, core);
#endif
  return made == pdPASS;
}

inline void StartTask(const TaskLayout& layout, TaskFunction_t run, void* argument, TaskHandle_t* handle) {
  const bool started = TryStartTask(layout, run, argument, handle);
  configASSERT(started);
}

}  // namespace firmware

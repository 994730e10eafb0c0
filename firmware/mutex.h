// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"

namespace firmware {

/// FreeRTOS's mutex for std::lock_guard. (On ESP-IDF's Linux target a std::mutex would block the scheduler.)
class Mutex {
 public:
  Mutex() : handle_(xSemaphoreCreateMutexStatic(&memory_)) {}
  Mutex(const Mutex&) = delete;

  void lock() { xSemaphoreTake(handle_, portMAX_DELAY); }
  void unlock() { xSemaphoreGive(handle_); }

 private:
  StaticSemaphore_t memory_;
  SemaphoreHandle_t handle_;
};

}  // namespace firmware

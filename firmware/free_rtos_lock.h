// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/lock.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"

namespace firmware {

/// FreeRTOS's mutex. (On ESP-IDF's Linux target a std::mutex would block the scheduler.)
class FreeRtosLock final : public base::Lock {
 public:
  FreeRtosLock() : handle_(xSemaphoreCreateMutexStatic(&memory_)) {}
  FreeRtosLock(const FreeRtosLock&) = delete;

  void lock() override { xSemaphoreTake(handle_, portMAX_DELAY); }
  void unlock() override { xSemaphoreGive(handle_); }
  bool TryLockFor(int64_t milliseconds) override {
    return xSemaphoreTake(handle_, pdMS_TO_TICKS(milliseconds)) == pdTRUE;
  }

 private:
  StaticSemaphore_t memory_;
  SemaphoreHandle_t handle_;
};

}  // namespace firmware

// SPDX-License-Identifier: Apache-2.0
// Sectors are erased as slowly as data sheets allow while a timer makes buffers as I2S's DMA does and a task reads them
// as capture does. Prints how many buffers were lost, and for how long core 1, which computes, stood still.
#include <algorithm>
#include <atomic>
#include <cstdio>

#include "audio_input/dma_buffers.h"
#include "driver/gptimer.h"
#include "esp_attr.h"
#include "esp_flash.h"
#include "esp_partition.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"
#include "sdkconfig.h"
#include "spi_flash_chip_driver.h"

namespace {

constexpr uint32_t kBufferUs = audio_input::kDmaBufferFrames * 1'000'000 / base::kSampleRateHz;
constexpr uint32_t kSectorBytes = 4096;
constexpr int kErases = 8;
#if CONFIG_SPIRAM_XIP_FROM_PSRAM
constexpr bool kFromPsram = true;
#else
constexpr bool kFromPsram = false;
#endif

QueueHandle_t queue = nullptr;
DRAM_ATTR std::atomic<uint32_t> made = 0;
DRAM_ATTR std::atomic<uint32_t> lost = 0;
std::atomic<uint32_t> read_buffers = 0;
std::atomic<uint32_t> longest_still_us = 0;

/// As i2s_dma_rx_callback: a queue that is full gives up its oldest buffer.
bool IRAM_ATTR MakeBuffer(gptimer_handle_t, const gptimer_alarm_event_data_t*, void*) {
  const uint32_t number = made.fetch_add(1);
  BaseType_t woken = pdFALSE;
  uint32_t oldest = 0;
  if (xQueueIsQueueFullFromISR(queue)) {
    xQueueReceiveFromISR(queue, &oldest, &woken);
    lost.fetch_add(1);
  }
  xQueueSendFromISR(queue, &number, &woken);
  return woken;
}

void ReadBuffers(void*) {
  uint32_t number = 0;
  for (;;) {
    if (xQueueReceive(queue, &number, portMAX_DELAY)) read_buffers.fetch_add(1);
  }
}

void Compute(void*) {
  for (int64_t last_us = esp_timer_get_time();;) {
    const int64_t now_us = esp_timer_get_time();
    longest_still_us = std::max(longest_still_us.load(), static_cast<uint32_t>(now_us - last_us));
    last_us = now_us;
  }
}

const spi_flash_chip_t* real_driver = nullptr;

/// Holds the flash for as long as a worn chip would. In IRAM: caches may be off.
esp_err_t IRAM_ATTR EraseSlowly(esp_flash_t* chip, uint32_t address) {
  const esp_err_t result = real_driver->erase_sector(chip, address);
  const int64_t end_us = esp_timer_get_time() + audio_input::kSectorEraseMs * 1000;
  while (esp_timer_get_time() < end_us) {
  }
  return result;
}

struct Outcome {
  uint32_t made;
  uint32_t lost;
  uint32_t still_ms;
};

/// Erases sectors one after the other, with `buffers` DMA buffers.
Outcome EraseAndCapture(uint32_t buffers) {
  queue = xQueueCreate(buffers - 1, sizeof(uint32_t));  // as i2s_new_channel makes it
  TaskHandle_t reader = nullptr;
  TaskHandle_t computer = nullptr;
  xTaskCreatePinnedToCore(ReadBuffers, "reader", 4096, nullptr, 18, &reader, 0);
  xTaskCreatePinnedToCore(Compute, "computer", 4096, nullptr, 10, &computer, 1);
  gptimer_config_t configuration{};
  configuration.clk_src = GPTIMER_CLK_SRC_DEFAULT;
  configuration.direction = GPTIMER_COUNT_UP;
  configuration.resolution_hz = 1'000'000;
  gptimer_alarm_config_t alarm{};
  alarm.alarm_count = kBufferUs;
  alarm.flags.auto_reload_on_alarm = true;
  gptimer_event_callbacks_t callbacks{};
  callbacks.on_alarm = MakeBuffer;
  gptimer_handle_t timer = nullptr;
  ESP_ERROR_CHECK(gptimer_new_timer(&configuration, &timer));
  ESP_ERROR_CHECK(gptimer_register_event_callbacks(timer, &callbacks, nullptr));
  ESP_ERROR_CHECK(gptimer_set_alarm_action(timer, &alarm));
  ESP_ERROR_CHECK(gptimer_enable(timer));
  ESP_ERROR_CHECK(gptimer_start(timer));
  vTaskDelay(pdMS_TO_TICKS(200));
  made = 0;
  lost = 0;
  longest_still_us = 0;
  const esp_partition_t* const partition =
      esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS, nullptr);
  for (int i = 0; i < kErases; ++i) ESP_ERROR_CHECK(esp_partition_erase_range(partition, 0, kSectorBytes));
  const Outcome outcome{made, lost, longest_still_us / 1000};
  ESP_ERROR_CHECK(gptimer_stop(timer));
  ESP_ERROR_CHECK(gptimer_disable(timer));
  ESP_ERROR_CHECK(gptimer_del_timer(timer));
  vTaskDelete(computer);
  vTaskDelete(reader);
  vQueueDelete(queue);
  return outcome;
}

}  // namespace

extern "C" void app_main() {
  static spi_flash_chip_t slow_driver;
  real_driver = esp_flash_default_chip->chip_drv;
  slow_driver = *real_driver;
  slow_driver.erase_sector = EraseSlowly;
  esp_flash_default_chip->chip_drv = &slow_driver;

  bool passed = true;
  for (const uint32_t buffers : {audio_input::DmaBuffers(true), audio_input::DmaBuffers(false)}) {
    const Outcome outcome = EraseAndCapture(buffers);
    std::printf("code in %s, %u buffers: %u of %u lost, core 1 stood still for %u ms\n", kFromPsram ? "PSRAM" : "flash",
                static_cast<unsigned>(buffers), static_cast<unsigned>(outcome.lost),
                static_cast<unsigned>(outcome.made), static_cast<unsigned>(outcome.still_ms));
    passed = passed && outcome.made >= kErases * audio_input::kSectorEraseMs * 1000 / kBufferUs;
    const bool enough = buffers >= audio_input::DmaBuffers(kFromPsram);
    passed = passed && (outcome.lost == 0) == enough;
    passed = passed && (outcome.still_ms < audio_input::kReaderDelayMs) == kFromPsram;
  }
  std::printf("%s\n", passed ? "PASS" : "FAIL");
}

// SPDX-License-Identifier: Apache-2.0
#include "shared_output.h"

#include <cstdarg>
#include <cstdio>

#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "serial_console/console_port.h"

namespace serial_console {
namespace {

SemaphoreHandle_t output_lock = nullptr;

int PrintLogLine(const char* format, va_list arguments) {
  xSemaphoreTake(output_lock, portMAX_DELAY);
  const int written = std::vprintf(format, arguments);
  std::fflush(stdout);
  xSemaphoreGive(output_lock);
  return written;
}

}  // namespace

std::expected<void, std::string> ShareOutputWithLog() {
  output_lock = xSemaphoreCreateMutex();
  if (output_lock == nullptr) return std::unexpected("no memory for a mutex");
  esp_log_set_vprintf(PrintLogLine);
  return {};
}

void WriteConsolePort(std::string_view text) {
  xSemaphoreTake(output_lock, portMAX_DELAY);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  xSemaphoreGive(output_lock);
}

}  // namespace serial_console

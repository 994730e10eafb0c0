// SPDX-License-Identifier: Apache-2.0
#include "console_task.h"

#include <array>
#include <memory>

#include "app.h"
#include "esp_timer.h"
#include "serial_console/console.h"
#include "serial_console/console_port.h"
#include "serial_console/listening_device.h"
#include "task_layout.h"

namespace firmware {
namespace {

/// What the console task owns.
struct ConsoleState {
  explicit ConsoleState(App& app) : app(app), device(app.device), console(device) {}

  App& app;
  serial_console::ListeningDevice device;
  serial_console::LineReader reader;
  serial_console::Console console;
};

void Answer(ConsoleState& state, const std::optional<serial_console::Line>& line, int64_t now_ms) {
  if (!line) return;
  serial_console::WriteConsolePort(state.console.Answer(*line, now_ms));
  if (!state.console.reboot_requested()) return;
  vTaskDelay(pdMS_TO_TICKS(100));  // the answer leaves the line's buffers
  ShutDown(state.app);
}

void Run(void* argument) {
  ConsoleState& state = *static_cast<ConsoleState*>(argument);
  std::array<char, 256> bytes;
  for (;;) {
    const size_t count = serial_console::ReadConsolePort(bytes);
    const int64_t now_ms = esp_timer_get_time() / 1000;
    Answer(state, state.reader.Expire(now_ms), now_ms);
    state.console.Expire(now_ms);
    for (size_t i = 0; i < count; ++i) Answer(state, state.reader.Push(bytes[i], now_ms), now_ms);
  }
}

}  // namespace

std::expected<std::string, std::string> StartConsole(App& app) {
  if (const auto opened = serial_console::OpenConsolePort(); !opened) return std::unexpected(opened.error());
  auto* const state = new ConsoleState(app);  // for as long as the device runs
  StartTask(kConsoleTask, Run, state, nullptr);
  return "";
}

}  // namespace firmware

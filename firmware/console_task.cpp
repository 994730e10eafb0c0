// SPDX-License-Identifier: Apache-2.0
#include "console_task.h"

#include <array>
#include <memory>
#include <span>

#include "app.h"
#include "esp_app_desc.h"
#include "esp_timer.h"
#include "network/improv.h"
#include "network/station.h"
#include "network_interface.h"
#include "serial_console/console.h"
#include "serial_console/console_port.h"
#include "serial_console/listening_device.h"
#include "task_layout.h"

namespace firmware {
namespace {

#if CONFIG_IDF_TARGET_LINUX
constexpr char kChip[] = "Linux";
#else
constexpr char kChip[] = "ESP32-S3";
#endif

/// What the console task owns.
struct ConsoleState {
  explicit ConsoleState(App& app)
      : app(app),
        device(app.device,
               [&app] {
                 const network::Station* const station = TheNetwork(app.services).station();
                 return station != nullptr ? station->setup().password : "";
               }),
        console(device),
        improv(TheNetwork(app.services),
               {.firmware = "YAMNet", .version = esp_app_get_description()->version, .chip = kChip, .url = PageUrl}) {}

  App& app;
  serial_console::ListeningDevice device;
  serial_console::LineReader reader;
  serial_console::Console console;
  network::Improv improv;
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
    for (const char received : std::span(bytes).first(count)) {
      for (const char byte : state.improv.Push(received, now_ms))
        Answer(state, state.reader.Push(byte, now_ms), now_ms);
    }
    const std::string packets = state.improv.Poll(now_ms);
    if (!packets.empty()) serial_console::WriteConsolePort(packets);
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

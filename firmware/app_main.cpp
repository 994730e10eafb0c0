// SPDX-License-Identifier: Apache-2.0
#include "app.h"
#include "board/board.h"
#include "console_task.h"
#include "platform.h"
#include "task_layout.h"

namespace {

void Run(void*) {
  static firmware::App app;
  app.boot.Run("board", nullptr, board::PowerUp);
  app.boot.Run(firmware::kConsoleStep, nullptr, [] { return firmware::StartConsole(app); });
  if (firmware::CanWriteFlash()) {
    firmware::Boot(app);
  } else {
    app.boot.Run(firmware::kMemoryStep, nullptr, firmware::CheckMemory);
    app.boot.Finish();
  }
  vTaskDelete(nullptr);
}

}  // namespace

extern "C" void app_main() { firmware::StartTask(firmware::kBootTask, Run, nullptr, nullptr); }

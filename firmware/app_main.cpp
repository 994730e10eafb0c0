// SPDX-License-Identifier: Apache-2.0
#include "app.h"
#include "console_task.h"

extern "C" void app_main() {
  static firmware::App app;
  app.boot.Run(firmware::kConsoleStep, nullptr, [] { return firmware::StartConsole(app); });
  firmware::Boot(app);
}

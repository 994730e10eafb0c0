// SPDX-License-Identifier: Apache-2.0
#include "app.h"
#include "task_layout.h"

namespace {

void Run(void*) {
  static firmware::App app;
  firmware::Boot(app);
  vTaskDelete(nullptr);
}

}  // namespace

extern "C" void app_main() { firmware::StartTask(firmware::kBootTask, Run, nullptr, nullptr); }

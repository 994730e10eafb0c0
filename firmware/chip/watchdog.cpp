// SPDX-License-Identifier: Apache-2.0
#include "watchdog.h"

#include "esp_err.h"
#include "esp_task_wdt.h"

namespace firmware {

void WatchThisTask() { ESP_ERROR_CHECK(esp_task_wdt_add(nullptr)); }

void FeedWatchdog() { ESP_ERROR_CHECK_WITHOUT_ABORT(esp_task_wdt_reset()); }

}  // namespace firmware

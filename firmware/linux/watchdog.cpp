// SPDX-License-Identifier: Apache-2.0
// The Linux target has no task watchdog.
#include "watchdog.h"

namespace firmware {

void WatchThisTask() {}
void FeedWatchdog() {}

}  // namespace firmware

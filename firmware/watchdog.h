// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace firmware {

/// The task watchdog restarts the device when the calling task stops feeding it.
void WatchThisTask();
void FeedWatchdog();

}  // namespace firmware

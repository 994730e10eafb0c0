// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace firmware {

struct App;

/// Logs every 10 s how the device is, in a task of its own. @p app lives for as long as the device runs.
void StartHeartbeat(App& app);

}  // namespace firmware

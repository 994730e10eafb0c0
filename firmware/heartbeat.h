// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace firmware {

struct App;
class EventWatch;

/// Logs every 10 s how the device is, in a task of its own. @p app lives for as long as the device runs.
void StartHeartbeat(App& app);

/// Stores the noise floor, so that it is known after a restart.
void KeepFloor(const EventWatch& watch);

}  // namespace firmware

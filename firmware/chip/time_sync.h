// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace firmware {

/// Sets the clock by the server of SetTimeServer() (network_interface.h) from now on. To be called when lwIP runs.
void StartTimeSync();

}  // namespace firmware

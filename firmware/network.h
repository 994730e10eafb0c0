// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace firmware {

struct App;

/// Runs the boot steps of what the device can be reached by besides its console; to be called when it has counted its
/// boot and does not listen yet.
void StartNetwork(App& app);

}  // namespace firmware

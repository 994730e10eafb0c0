// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

namespace device_api {
class Api;
}

namespace firmware {

struct App;

/// From now on, in a task of its own: keeps the device in one of the networks it knows, where it has a radio, and tells
/// the network what it is. To be called once the network's driver has started.
/// @param api  lives for as long as the device runs.
void StartNetworkTask(App& app, device_api::Api& api);

}  // namespace firmware

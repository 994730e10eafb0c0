// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace device_api {
class Api;
}

namespace firmware {

struct App;

/// Tells the house what is heard, as the owner has set it in the API: by MQTT, from a task of its own, once the boot is
/// over. To be called when the device does not listen yet; both live for as long as it runs.
void StartHome(App& app, device_api::Api& api);

/// Waits until the house has been told that the device goes, for moments; after Device::PrepareRestart(). Not from that
/// task.
void CloseHome();

}  // namespace firmware

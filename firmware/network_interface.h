// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "listening/device_state.h"
#include "listening/services.h"
#include "network/network.h"

namespace firmware {

/// What connects this device; there is one, whatever of it has started.
/// @param services  outlives it.
network::Network& TheNetwork(listening::Services& services);

/// Starts what connects the device, and does not wait for an address: it asks for one itself whenever there is a link.
/// To be called when the default event loop runs; again after it has failed.
/// @return what there is, in words.
std::expected<std::string, std::string> StartInterface();

/// What the device is called by programs, in MQTT topics and mDNS records; never changes.
std::string DeviceId();

/// Where the page is now; empty while it cannot be reached.
std::string PageUrl();
/// Where it is at an address, with a '/' at its end.
std::string PageUrlAt(const std::string& address);

/// Whom to ask for the time, now and whenever the network is there; nothing where the computer has the time.
void SetTimeServer(const std::string& name);

/// How the device can be reached now; nothing where that is not its own business, and before TheNetwork().
std::optional<listening::NetworkState> ReadNetwork();

}  // namespace firmware

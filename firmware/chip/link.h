// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "esp_netif.h"
#include "listening/services.h"
#include "network/network.h"

namespace firmware {

/// What FIRMWARE_NETWORK names; nothing of it runs yet.
std::unique_ptr<network::Network> MakeNetwork(listening::Services& services);

/// Starts its driver and its esp_netif, which asks for an address by itself. To be called after MakeNetwork() when lwIP
/// runs; again after it has failed.
/// @return what there is, in words.
std::expected<std::string, std::string> StartLink();

/// What this device is called in its network.
std::string Hostname();

}  // namespace firmware

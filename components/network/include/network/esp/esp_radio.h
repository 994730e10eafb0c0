// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "listening/services.h"
#include "network/radio.h"

namespace network::esp {

/// The chip's radio. There is one at most; it lives for as long as the device runs.
class EspRadio : public Radio {
 public:
  /// Starts Wi-Fi. To be called when esp_netif and the default event loop run, before anything else; again after it has
  /// failed.
  virtual std::expected<void, std::string> Start() = 0;
};

/// The device's address at its own access point: in a network that few homes have.
inline constexpr char kSetupAddress[] = "192.168.217.1";

/// @param services  outlives it.
/// @param hostname  what it calls itself when it asks for an address.
/// @param portal    where guests find the page that names a network, absolute.
std::unique_ptr<EspRadio> MakeEspRadio(listening::Services& services, std::string hostname, std::string portal);

}  // namespace network::esp

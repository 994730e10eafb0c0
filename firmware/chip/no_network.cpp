// SPDX-License-Identifier: Apache-2.0
#include "home.h"
#include "network.h"
#include "network_interface.h"

namespace firmware {

void StartNetwork(App&) {}

void CloseHome() {}

network::Network& TheNetwork(listening::Services&) {
  static network::OutsideNetwork network(listening::LinkState::kDown, "this firmware has no network");
  return network;
}

std::string PageUrl() { return ""; }

void SetTimeServer(const std::string&) {}

std::optional<listening::NetworkState> ReadNetwork() { return std::nullopt; }

}  // namespace firmware

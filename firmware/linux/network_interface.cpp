// SPDX-License-Identifier: Apache-2.0
#include "network_interface.h"

#include <csignal>

namespace firmware {

network::Network& TheNetwork(listening::Services&) {
  static network::OutsideNetwork network(listening::LinkState::kUp, "the computer's own network");
  return network;
}

std::expected<std::string, std::string> StartInterface() {
  std::signal(SIGPIPE, SIG_IGN);  // a client that goes while it is answered ends no device
  return "the computer's";
}

std::string PageUrl() { return ""; }

void SetTimeServer(const std::string&) {}

std::optional<listening::NetworkState> ReadNetwork() { return std::nullopt; }

}  // namespace firmware

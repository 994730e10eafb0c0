// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "esp_eth.h"

namespace firmware {

struct DeleteEthernet {
  void operator()(esp_eth_mac_t* mac) const { mac->del(mac); }
  void operator()(esp_eth_phy_t* phy) const { phy->del(phy); }
};

/// The two parts of the Ethernet that FIRMWARE_NETWORK names.
struct EthernetParts {
  std::unique_ptr<esp_eth_mac_t, DeleteEthernet> mac;
  std::unique_ptr<esp_eth_phy_t, DeleteEthernet> phy;
};

/// @return nullptrs where the machine has none; what went wrong in words.
std::expected<EthernetParts, std::string> MakeEthernet();

}  // namespace firmware

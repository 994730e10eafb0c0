// SPDX-License-Identifier: Apache-2.0
// The Ethernet of QEMU.
#include <cstdint>

#include "esp_eth_mac_openeth.h"
#include "ethernet.h"
#include "soc/soc.h"

namespace firmware {
namespace {

// From ESP-IDF's private openeth.h; its driver aborts where the register does not read so.
constexpr uint32_t kModeRegister = 0x600CD000;
constexpr uint32_t kModeAfterReset = 0xa000;

}  // namespace

std::expected<EthernetParts, std::string> MakeEthernet() {
  if (REG_READ(kModeRegister) != kModeAfterReset) return EthernetParts{};
  eth_mac_config_t mac_settings = ETH_MAC_DEFAULT_CONFIG();
  mac_settings.flags |= ETH_MAC_FLAG_PIN_TO_CORE;  // core 0, which boots
  eth_phy_config_t phy_settings = ETH_PHY_DEFAULT_CONFIG();
  phy_settings.autonego_timeout_ms = 100;  // the boot waits for so long where there is no link; one that comes is seen
  EthernetParts parts;
  parts.mac.reset(esp_eth_mac_new_openeth(&mac_settings));
  parts.phy.reset(esp_eth_phy_new_dp83848(&phy_settings));
  if (!parts.mac || !parts.phy) return std::unexpected("no memory for Ethernet");
  return parts;
}

}  // namespace firmware

// SPDX-License-Identifier: Apache-2.0
// The Ethernet of QEMU.
#include <cstdint>
#include <memory>

#include "esp_eth.h"
#include "esp_eth_mac_openeth.h"
#include "esp_netif.h"
#include "link.h"
#include "soc/soc.h"

namespace firmware {
namespace {

// From ESP-IDF's private openeth.h; its driver aborts where the register does not read so.
constexpr uint32_t kModeRegister = 0x600CD000;
constexpr uint32_t kModeAfterReset = 0xa000;

struct Delete {
  void operator()(esp_eth_mac_t* mac) const { mac->del(mac); }
  void operator()(esp_eth_phy_t* phy) const { phy->del(phy); }
};

std::unexpected<std::string> Fail(const char* what, esp_err_t error) {
  return std::unexpected(std::string(what) + ": " + esp_err_to_name(error));
}

std::expected<esp_eth_handle_t, std::string> InstallDriver() {
  eth_mac_config_t mac_settings = ETH_MAC_DEFAULT_CONFIG();
  mac_settings.flags |= ETH_MAC_FLAG_PIN_TO_CORE;  // core 0, which boots
  std::unique_ptr<esp_eth_mac_t, Delete> mac(esp_eth_mac_new_openeth(&mac_settings));
  eth_phy_config_t phy_settings = ETH_PHY_DEFAULT_CONFIG();
  phy_settings.autonego_timeout_ms = 100;  // the boot waits for so long where there is no link; one that comes is seen
  std::unique_ptr<esp_eth_phy_t, Delete> phy(esp_eth_phy_new_dp83848(&phy_settings));
  if (!mac || !phy) return std::unexpected("no memory for Ethernet");
  const esp_eth_config_t settings = ETH_DEFAULT_CONFIG(mac.get(), phy.get());
  esp_eth_handle_t driver = nullptr;
  if (const esp_err_t made = esp_eth_driver_install(&settings, &driver); made != ESP_OK) {
    return Fail("no Ethernet driver", made);
  }
  (void)mac.release();  // the driver's now, for as long as the device runs
  (void)phy.release();
  return driver;
}

}  // namespace

std::expected<std::string, std::string> StartLink() {
  static esp_eth_handle_t driver = nullptr;
  if (driver == nullptr) {
    if (REG_READ(kModeRegister) != kModeAfterReset) return "none: QEMU has Ethernet with -nic user,model=open_eth";
    const auto installed = InstallDriver();
    if (!installed) return std::unexpected(installed.error());
    driver = *installed;
    const esp_netif_config_t settings = ESP_NETIF_DEFAULT_ETH();
    ESP_ERROR_CHECK(esp_netif_attach(esp_netif_new(&settings), esp_eth_new_netif_glue(driver)));
  }
  if (const esp_err_t started = esp_eth_start(driver); started != ESP_OK)
    return Fail("Ethernet does not start", started);
  return "Ethernet";
}

}  // namespace firmware

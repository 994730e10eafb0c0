// SPDX-License-Identifier: Apache-2.0
#include "ethernet.h"

#include <array>
#include <atomic>

#include "esp_mac.h"
#include "esp_netif.h"
#include "link.h"

namespace firmware {
namespace {

using listening::LinkState;
using listening::NetworkKind;

std::atomic<esp_netif_t*> netif = nullptr;
esp_eth_handle_t driver = nullptr;

class WiredNetwork final : public network::Network {
 public:
  listening::NetworkState status() const override {
    listening::NetworkState state{.kind = NetworkKind::kEthernet, .state = LinkState::kDown, .hostname = Hostname()};
    esp_netif_t* const wired = netif;
    if (wired == nullptr) {
      state.reason = "there is no Ethernet: see the boot step network";
      return state;
    }
    state.interface = esp_netif_get_desc(wired);
    esp_netif_ip_info_t info{};
    if (!esp_netif_is_netif_up(wired)) {
      state.reason = "no cable";
    } else if (esp_netif_get_ip_info(wired, &info) != ESP_OK || info.ip.addr == 0) {
      state.state = LinkState::kConnecting;
      state.reason = "no address yet";
    } else {
      std::array<char, IP4ADDR_STRLEN_MAX> text{};
      state.state = LinkState::kUp;
      state.address = esp_ip4addr_ntoa(&info.ip, text.data(), text.size());
    }
    return state;
  }
};

std::unexpected<std::string> Fail(const char* what, esp_err_t error) {
  return std::unexpected(std::string(what) + ": " + esp_err_to_name(error));
}

/// The chip that a wire leads to may have no address of its own.
esp_err_t SetMac() {
  std::array<uint8_t, 6> mac{};
  const esp_err_t read = esp_read_mac(mac.data(), ESP_MAC_ETH);
  return read == ESP_OK ? esp_eth_ioctl(driver, ETH_CMD_S_MAC_ADDR, mac.data()) : read;
}

std::expected<void, std::string> Install(EthernetParts parts) {
  const esp_eth_config_t settings = ETH_DEFAULT_CONFIG(parts.mac.get(), parts.phy.get());
  if (const esp_err_t made = esp_eth_driver_install(&settings, &driver); made != ESP_OK) {
    driver = nullptr;
    return Fail("no Ethernet driver", made);
  }
  (void)parts.mac.release();  // the driver's now, for as long as the device runs
  (void)parts.phy.release();
  if (const esp_err_t set = SetMac(); set != ESP_OK) return Fail("Ethernet takes no address", set);
  const esp_netif_config_t wired = ESP_NETIF_DEFAULT_ETH();
  esp_netif_t* const made = esp_netif_new(&wired);
  ESP_ERROR_CHECK(esp_netif_attach(made, esp_eth_new_netif_glue(driver)));
  esp_netif_set_hostname(made, Hostname().c_str());
  netif = made;
  return {};
}

}  // namespace

std::unique_ptr<network::Network> MakeNetwork(listening::Services&) { return std::make_unique<WiredNetwork>(); }

std::expected<std::string, std::string> StartLink() {
  if (driver == nullptr) {
    auto parts = MakeEthernet();
    if (!parts) return std::unexpected(parts.error());
    if (!parts->mac) return "none: QEMU has Ethernet with -nic user,model=open_eth";
    if (const auto installed = Install(*std::move(parts)); !installed) return std::unexpected(installed.error());
  }
  if (const esp_err_t started = esp_eth_start(driver); started != ESP_OK && started != ESP_ERR_INVALID_STATE)
    return Fail("Ethernet does not start", started);
  return "Ethernet";
}

}  // namespace firmware

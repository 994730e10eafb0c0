// SPDX-License-Identifier: Apache-2.0
#include "network_interface.h"

#include <array>
#include <atomic>
#include <memory>

#include "base/hex.h"
#include "esp_mac.h"
#include "esp_netif.h"
#include "link.h"
#include "sdkconfig.h"
#include "time_sync.h"

namespace firmware {
namespace {

#if CONFIG_FIRMWARE_HTTPS
constexpr bool kTls = true;
#else
constexpr bool kTls = false;
#endif

std::atomic<const network::Network*> shown = nullptr;

std::array<uint8_t, 6> Mac() {
  std::array<uint8_t, 6> mac{};
  esp_read_mac(mac.data(), ESP_MAC_BASE);
  return mac;
}

}  // namespace

std::string DeviceId() { return "yamnet-" + base::HexText(Mac()); }

std::string Hostname() { return network::HostnameOf(Mac()); }

network::Network& TheNetwork(listening::Services& services) {
  static const std::unique_ptr<network::Network> network = MakeNetwork(services);
  shown = network.get();
  return *network;
}

std::expected<std::string, std::string> StartInterface() {
  if (const esp_err_t made = esp_netif_init(); made != ESP_OK) {
    return std::unexpected(std::string("no lwIP: ") + esp_err_to_name(made));
  }
  const auto link = StartLink();
  if (link) StartTimeSync();
  return link;
}

std::optional<listening::NetworkState> ReadNetwork() {
  const network::Network* const network = shown;
  return network == nullptr ? std::nullopt : std::optional(network->status());
}

std::string PageUrl() {
  const auto network = ReadNetwork();
  return network && network->address ? PageUrlAt(*network->address) : "";
}

std::string PageUrlAt(const std::string& address) {
  const int usual = kTls ? 443 : 80;
  const std::string port = CONFIG_FIRMWARE_HTTP_PORT == usual ? "" : ":" + std::to_string(CONFIG_FIRMWARE_HTTP_PORT);
  return (kTls ? "https://" : "http://") + address + port + "/";
}

}  // namespace firmware

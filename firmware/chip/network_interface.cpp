// SPDX-License-Identifier: Apache-2.0
#include "network_interface.h"

#include <array>

#include "esp_netif.h"
#include "link.h"
#include "time_sync.h"

namespace firmware {
namespace {

std::optional<std::string> AddressOf(esp_netif_t* netif) {
  esp_netif_ip_info_t info{};
  std::array<char, IP4ADDR_STRLEN_MAX> text{};
  if (esp_netif_get_ip_info(netif, &info) != ESP_OK || info.ip.addr == 0) return std::nullopt;
  return esp_ip4addr_ntoa(&info.ip, text.data(), text.size());
}

std::optional<std::string> HostnameOf(esp_netif_t* netif) {
  const char* name = nullptr;
  if (esp_netif_get_hostname(netif, &name) != ESP_OK || name == nullptr) return std::nullopt;
  return name;
}

}  // namespace

std::expected<std::string, std::string> StartInterface() {
  if (const esp_err_t made = esp_netif_init(); made != ESP_OK) {
    return std::unexpected(std::string("no lwIP: ") + esp_err_to_name(made));
  }
  const auto link = StartLink();
  if (link) StartTimeSync();
  return link;
}

std::optional<listening::NetworkState> ReadNetwork() {
  esp_netif_t* netif = esp_netif_get_default_netif();  // the one in use; none while no interface is up
  if (netif == nullptr) netif = esp_netif_next_unsafe(nullptr);
  if (netif == nullptr) return std::nullopt;
  return listening::NetworkState{esp_netif_get_desc(netif), AddressOf(netif), HostnameOf(netif)};
}

}  // namespace firmware

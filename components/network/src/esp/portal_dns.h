// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string>

#include "esp_netif.h"

namespace network::esp {

/// Answers who is on the device's own access point, at port 53 of that address alone. One task calls it.
class PortalDns {
 public:
  std::expected<void, std::string> Open(esp_ip4_addr_t address);
  void Close();
  /// Answers what has come; to be called several times a second.
  void Serve();

 private:
  int socket_ = -1;
  std::array<uint8_t, 4> address_{};
};

}  // namespace network::esp

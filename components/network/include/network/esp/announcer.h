// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

namespace network::esp {

/// What a device tells its network of itself.
struct Announcement {
  std::string name;  ///< For people.
  uint16_t port;     ///< Of the HTTP API.
  bool tls;
  struct Item {
    const char* key;
    std::string value;

    bool operator==(const Item&) const = default;
  };
  std::vector<Item> items;  ///< TXT records of _yamnet._tcp.

  bool operator==(const Announcement&) const = default;
};

/// Makes a device found by mDNS: its host name in .local, and the services _http._tcp (or _https._tcp) and
/// _yamnet._tcp. One task calls it.
class Announcer {
 public:
  /// To be called when esp_netif runs.
  std::expected<void, std::string> Start(const std::string& hostname);
  /// Tells what has changed.
  void Tell(const Announcement& announcement);

 private:
  bool started_ = false;
  bool told_ = false;
  Announcement last_{};
};

}  // namespace network::esp

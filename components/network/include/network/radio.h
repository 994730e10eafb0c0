// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "network/wifi_settings.h"

namespace network {

/// A network in reach.
struct Seen {
  std::string ssid;
  int rssi_dbm;
  bool secure;
  int channel;

  bool operator==(const Seen&) const = default;
};

/// The device's own access point.
struct AccessPoint {
  std::string ssid;
  std::string password;
};

/// A Wi-Fi radio: esp_wifi on the chip, a simulated one on a PC. One task calls it, and none of it waits for the air.
class Radio {
 public:
  struct Input {
    enum class Kind {
      kUp,    ///< Joined, with an address; again when it changes.
      kDown,  ///< Not joined, or not any more.
      kSeen,  ///< A scan is over.
    };
    Kind kind;
    std::string text;  ///< Of kUp the address, of kDown why.
    std::vector<Seen> seen{};
  };

  virtual ~Radio() = default;
  /// @param country  ISO 3166, or Wifi::kAnywhere.
  virtual void SetCountry(const std::string& country) = 0;
  /// Looks for networks; not to be called while it joins one.
  virtual void Scan() = 0;
  virtual void Join(const KnownNetwork& network) = 0;
  /// Ends that; no kDown follows.
  virtual void Leave() = 0;
  virtual std::expected<void, std::string> OpenSetup(const AccessPoint& setup) = 0;
  virtual void CloseSetup() = 0;
  virtual int guests() const = 0;                         ///< Who is on the device's own access point.
  virtual std::optional<int> rssi_dbm() const = 0;        ///< Of the network that is joined.
  virtual bool IsGuest(std::string_view peer) const = 0;  ///< Whether an address is a guest's. From any task.
  virtual std::string portal() const = 0;  ///< Where guests find the page that names a network, absolute.
  /// What has happened since, one after the other.
  virtual std::optional<Input> Poll() = 0;
};

}  // namespace network

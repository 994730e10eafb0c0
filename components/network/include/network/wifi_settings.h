// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_reader.h"
#include "base/json_writer.h"
#include "listening/error.h"
#include "listening/services.h"

namespace network {

/// An address that a device has without asking for one; IPv4, as "192.168.1.7".
struct StaticAddress {
  std::string address;
  std::string netmask;
  std::string gateway;  ///< Empty: no way out of the network.
  std::string dns;      ///< Empty: names are not resolved.

  bool operator==(const StaticAddress&) const = default;
};

/// A network that may be joined.
struct KnownNetwork {
  static constexpr size_t kMostSsidBytes = 32;
  static constexpr size_t kLeastPasswordBytes = 8;
  static constexpr size_t kMostPasswordBytes = 64;  ///< So long only as 64 hexadecimal digits.

  std::string ssid;
  std::string password;  ///< Empty: an open network.
  std::optional<StaticAddress> static_address;

  bool operator==(const KnownNetwork&) const = default;
};

/// @return why there is no network of this name, in words; empty if there may be.
std::string WhyNoSsid(std::string_view ssid);
/// @return why no network has this password, in words; empty if one may.
std::string WhyNoPassword(std::string_view password);

/// Where the radio is, and which networks it may join.
struct Wifi {
  static constexpr size_t kMostKnown = 8;
  static constexpr char kAnywhere[] = "01";  ///< The channels that are allowed in all countries.

  std::string country = kAnywhere;
  std::vector<KnownNetwork> known;

  /// Reads {"country", "known": [{"ssid", "password", "static_address"}]}.
  /// @param before  has the password of a network that comes without one.
  static std::expected<Wifi, base::JsonError> Read(std::string_view json, const Wifi& before);

  /// The fields of Read() without braces, but that each network says whether it has a password instead of which.
  void Write(base::JsonWriter& json) const;

  const KnownNetwork* Find(std::string_view ssid) const;

  bool operator==(const Wifi&) const = default;
};

/// What is kept of it over restarts. From any task.
class WifiSettings {
 public:
  /// @param services  outlives this.
  explicit WifiSettings(listening::Services& services);

  Wifi wifi() const;
  uint32_t revision() const { return revision_; }  ///< Changes with wifi().

  /// @return kFailed when it cannot be stored; the old ones stay then.
  std::expected<void, listening::Error> Set(Wifi wifi);

  /// Puts a network before the others, in place of the one of its name; the last one goes when there are too many.
  std::expected<void, listening::Error> Add(const KnownNetwork& network);

  /// The password of the device's own access point: made at random at the first start, and kept.
  const std::string& setup_password() const { return setup_password_; }

 private:
  std::expected<void, listening::Error> SetLocked(Wifi wifi);

  listening::Services& services_;
  std::unique_ptr<base::Lock> lock_;
  Wifi wifi_;
  std::string setup_password_;
  std::atomic<uint32_t> revision_ = 0;
};

}  // namespace network

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "base/json_reader.h"
#include "base/json_writer.h"
#include "home_link/owners_choice.h"
#include "listening/error.h"
#include "listening/services.h"

namespace home_link {

/// How Home Assistant is told what there is.
enum class Discovery {
  kDevice,    ///< One message for the whole device; Home Assistant 2024.11 and later.
  kEntities,  ///< One message for each entity; all versions.
};

enum class MqttVersion { k311, k5 };

/// The broker, and what topics begin with.
struct MqttSettings {
  static constexpr size_t kMostHostBytes = 128;
  static constexpr size_t kMostNameBytes = 128;  ///< User and password.
  static constexpr size_t kMostCaBytes = 8192;
  static constexpr size_t kMostPrefixBytes = 64;

  bool on = false;
  std::string host;
  uint16_t port = 1883;
  std::string user;  ///< Empty: none is given.
  std::string password;
  bool tls = false;
  std::string ca;           ///< PEM; the certificates that the broker's must come from.
  std::string fingerprint;  ///< SHA-256 of the broker's certificate, 64 lower-case digits; in place of `ca`.
  std::string discovery_prefix = "homeassistant";
  std::string topic_prefix = "yamnet";
  Discovery discovery = Discovery::kDevice;
  MqttVersion version = MqttVersion::k311;

  /// Reads an object with the fields of Write(), where "version" may be left out, and, if it likes, "password".
  /// @param password  what it is without that field.
  static std::expected<MqttSettings, base::JsonError> Read(std::string_view json, std::string password);

  /// All fields but the password, without braces.
  void Write(base::JsonWriter& json) const;
  void WriteWhole(base::JsonWriter& json) const;

  bool operator==(const MqttSettings&) const = default;
};

/// The settings as they are kept, and how the connection is. From any task.
class HomeSettings {
 public:
  struct Connection {
    bool online;
    std::string text;  ///< One line for people.
  };

  /// @param services  outlives this.
  explicit HomeSettings(listening::Services& services);

  MqttSettings mqtt() const { return mqtt_.value(); }
  uint32_t revision() const { return mqtt_.revision(); }
  std::expected<void, listening::Error> Set(MqttSettings mqtt) { return mqtt_.Set(std::move(mqtt)); }

  /// What the owner calls the device, and where it is.
  struct Naming {
    std::string name;
    std::string place;
  };
  Naming naming() const;
  void SetNaming(Naming naming);

  Connection connection() const;
  void Tell(Connection connection);

 private:
  OwnersChoice<MqttSettings> mqtt_;
  std::unique_ptr<base::Lock> lock_;
  Naming naming_;
  Connection connection_{false, "nothing in this firmware speaks MQTT"};  ///< Until somebody tells another.
};

}  // namespace home_link

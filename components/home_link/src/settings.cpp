// SPDX-License-Identifier: Apache-2.0
#include "home_link/settings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <vector>

#include "base/json_object.h"

namespace home_link {
namespace {

constexpr char kKey[] = "home_link/mqtt";
constexpr char kTag[] = "mqtt";
constexpr size_t kFingerprintDigits = 64;
constexpr size_t kFingerprintBytes = kFingerprintDigits + 31;  // with colons
constexpr std::string_view kPemBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::array<const char*, 10> kNames = {
    "on", "host", "port", "user", "tls", "ca", "fingerprint", "discovery", "discovery_prefix", "topic_prefix"};

bool Visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

/// Text that ends where the first zero byte is, wherever it is used as C's.
bool Whole(std::string_view text) { return text.find('\0') == std::string_view::npos; }

bool IsPrefix(std::string_view text) {
  return !text.empty() && Visible(text) && text.find_first_of("+#$") == std::string_view::npos && text.front() != '/' &&
         text.back() != '/' && text.find("//") == std::string_view::npos;
}

/// As openssl and people write it, to 64 lower-case digits.
std::string Digits(std::string_view fingerprint) {
  std::string digits;
  for (const char c : fingerprint) {
    if (c != ':') digits += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return digits;
}

bool IsFingerprint(std::string_view digits) {
  return digits.size() == kFingerprintDigits &&
         std::ranges::all_of(digits, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool ReadPort(base::JsonReader& json, uint16_t& port) {
  double number = 0;
  if (!json.ReadNumber(number)) return false;
  if (number < 1 || number > UINT16_MAX || number != std::floor(number)) return json.Refuse("a port is 1 to 65535");
  port = static_cast<uint16_t>(number);
  return true;
}

bool ReadDiscovery(base::JsonReader& json, Discovery& discovery) {
  std::string text;
  if (!json.ReadString(text, 16)) return false;
  if (text != "device" && text != "entities") return json.Refuse("it is \"device\" or \"entities\"");
  discovery = text == "device" ? Discovery::kDevice : Discovery::kEntities;
  return true;
}

bool ReadField(base::JsonReader& json, std::string_view name, MqttSettings& settings) {
  if (name == "on") return json.ReadBool(settings.on);
  if (name == "host") return json.ReadString(settings.host, MqttSettings::kMostHostBytes);
  if (name == "port") return ReadPort(json, settings.port);
  if (name == "user") return json.ReadString(settings.user, MqttSettings::kMostNameBytes);
  if (name == "password") return json.ReadString(settings.password, MqttSettings::kMostNameBytes);
  if (name == "tls") return json.ReadBool(settings.tls);
  if (name == "ca") return json.ReadString(settings.ca, MqttSettings::kMostCaBytes);
  if (name == "fingerprint") return json.ReadString(settings.fingerprint, kFingerprintBytes);
  if (name == "discovery") return ReadDiscovery(json, settings.discovery);
  if (name == "discovery_prefix") return json.ReadString(settings.discovery_prefix, MqttSettings::kMostPrefixBytes);
  if (name == "topic_prefix") return json.ReadString(settings.topic_prefix, MqttSettings::kMostPrefixBytes);
  return json.Refuse("there is no such field");
}

std::unexpected<base::JsonError> Wrong(const char* field, std::string message) {
  return std::unexpected(base::JsonError{base::JsonError::Kind::kValue, std::string("/") + field, std::move(message)});
}

}  // namespace

std::expected<MqttSettings, base::JsonError> MqttSettings::Read(std::string_view text, std::string password) {
  MqttSettings settings;
  settings.password = std::move(password);
  base::JsonReader json(text);
  std::vector<std::string> seen;
  json.BeginObject();
  for (std::string name; json.NextField(name) && ReadField(json, name, settings);) seen.push_back(name);
  json.ReadEnd();
  if (json.failed()) return std::unexpected(json.error());
  for (const char* name : kNames) {
    if (std::ranges::find(seen, name) == seen.end()) return Wrong(name, "the field is missing");
  }
  settings.fingerprint = Digits(settings.fingerprint);
  if (!Visible(settings.host)) return Wrong("host", "a name or an address has visible ASCII characters only");
  if (settings.on && settings.host.empty()) return Wrong("host", "name the broker, or switch it off");
  if (!Whole(settings.user)) return Wrong("user", "it has a zero byte");
  if (!Whole(settings.password)) return Wrong("password", "it has a zero byte");
  if (!settings.ca.empty() && (settings.ca.find(kPemBegin) == std::string::npos || !Whole(settings.ca)))
    return Wrong("ca", "this is no certificate in PEM form");
  if (!settings.fingerprint.empty() && !IsFingerprint(settings.fingerprint))
    return Wrong("fingerprint", "a SHA-256 has 64 hexadecimal digits");
  if (settings.tls && settings.ca.empty() == settings.fingerprint.empty())
    return Wrong("ca", "TLS needs either the broker's CA or its fingerprint");
  if (!IsPrefix(settings.discovery_prefix) || !IsPrefix(settings.topic_prefix)) {
    return Wrong(IsPrefix(settings.discovery_prefix) ? "topic_prefix" : "discovery_prefix",
                 "a topic's beginning has visible ASCII characters without + # $, and no empty level");
  }
  return settings;
}

void MqttSettings::Write(base::JsonWriter& json) const {
  json.Field("on", on);
  json.Field("host", std::string_view(host));
  json.Field("port", port);
  json.Field("user", std::string_view(user));
  json.Field("tls", tls);
  json.Field("ca", std::string_view(ca));
  json.Field("fingerprint", std::string_view(fingerprint));
  json.Field("discovery", discovery == Discovery::kDevice ? "device" : "entities");
  json.Field("discovery_prefix", std::string_view(discovery_prefix));
  json.Field("topic_prefix", std::string_view(topic_prefix));
}

HomeSettings::HomeSettings(listening::Services& services) : services_(services), lock_(services.MakeLock()) {
  const std::vector<uint8_t> stored = services.settings().Load(kKey);
  if (stored.empty()) return;
  auto read = MqttSettings::Read({reinterpret_cast<const char*>(stored.data()), stored.size()}, {});
  if (read) {
    mqtt_ = *std::move(read);
  } else {
    services.Log(listening::LogLevel::kError, kTag,
                 "the stored settings are refused, MQTT is off: " + read.error().path + ": " + read.error().message);
  }
}

MqttSettings HomeSettings::mqtt() const {
  const std::lock_guard guard(*lock_);
  return mqtt_;
}

std::expected<void, listening::Error> HomeSettings::Set(MqttSettings mqtt) {
  const std::string text = base::JsonObject([&](base::JsonWriter& json) {
    mqtt.Write(json);
    json.Field("password", std::string_view(mqtt.password));
  });
  const std::span bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  if (const auto kept = services_.settings().Store(kKey, bytes); !kept) {
    return std::unexpected(
        listening::Error{listening::ErrorCode::kFailed, "the settings cannot be stored: " + kept.error()});
  }
  const std::lock_guard guard(*lock_);
  mqtt_ = std::move(mqtt);
  ++revision_;
  return {};
}

HomeSettings::Naming HomeSettings::naming() const {
  const std::lock_guard guard(*lock_);
  return naming_;
}

void HomeSettings::SetNaming(Naming naming) {
  const std::lock_guard guard(*lock_);
  naming_ = std::move(naming);
}

HomeSettings::Connection HomeSettings::connection() const {
  const std::lock_guard guard(*lock_);
  return connection_;
}

void HomeSettings::Tell(Connection connection) {
  const std::lock_guard guard(*lock_);
  connection_ = std::move(connection);
}

}  // namespace home_link

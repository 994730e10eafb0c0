// SPDX-License-Identifier: Apache-2.0
#include "home_link/settings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <vector>

#include "checks.h"

namespace home_link {
namespace {

constexpr std::array<const char*, 10> kNames = {
    "on", "host", "port", "user", "tls", "ca", "fingerprint", "discovery", "discovery_prefix", "topic_prefix"};

bool IsPrefix(std::string_view text) {
  return !text.empty() && Visible(text) && text.find_first_of("+#$") == std::string_view::npos && text.front() != '/' &&
         text.back() != '/' && text.find("//") == std::string_view::npos;
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

bool ReadVersion(base::JsonReader& json, MqttVersion& version) {
  std::string text;
  if (!json.ReadString(text, 16)) return false;
  if (text != "3.1.1" && text != "5") return json.Refuse("it is \"3.1.1\" or \"5\"");
  version = text == "5" ? MqttVersion::k5 : MqttVersion::k311;
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
  if (name == "fingerprint") return json.ReadString(settings.fingerprint, kMostFingerprintBytes);
  if (name == "discovery") return ReadDiscovery(json, settings.discovery);
  if (name == "discovery_prefix") return json.ReadString(settings.discovery_prefix, MqttSettings::kMostPrefixBytes);
  if (name == "topic_prefix") return json.ReadString(settings.topic_prefix, MqttSettings::kMostPrefixBytes);
  if (name == "version") return ReadVersion(json, settings.version);
  return json.Refuse("there is no such field");
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
  settings.fingerprint = FingerprintDigits(settings.fingerprint);
  if (!Visible(settings.host)) return Wrong("host", "a name or an address has visible ASCII characters only");
  if (settings.on && settings.host.empty()) return Wrong("host", "name the broker, or switch it off");
  if (!Whole(settings.user)) return Wrong("user", "it has a zero byte");
  if (!Whole(settings.password)) return Wrong("password", "it has a zero byte");
  if (!settings.ca.empty() && !IsPem(settings.ca)) return Wrong("ca", "this is no certificate in PEM form");
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
  json.Field("version", version == MqttVersion::k5 ? "5" : "3.1.1");
}

void MqttSettings::WriteWhole(base::JsonWriter& json) const {
  Write(json);
  json.Field("password", std::string_view(password));
}

HomeSettings::HomeSettings(listening::Services& services)
    : mqtt_(services, "home_link/mqtt", "mqtt"), lock_(services.MakeLock()) {}

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

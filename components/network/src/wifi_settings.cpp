// SPDX-License-Identifier: Apache-2.0
#include "network/wifi_settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>
#include <utility>

#include "base/json_object.h"
#include "listening/owner_token.h"

namespace network {
namespace {

using listening::Error;
using listening::ErrorCode;

constexpr char kKey[] = "network/wifi";
constexpr char kSetupKey[] = "network/setup";
constexpr char kTag[] = "network";
constexpr size_t kSetupGroups = 3;  // 60 bits
constexpr size_t kMostAddressBytes = 15;

/// What esp_wifi knows (esp_wifi_set_country_code).
constexpr std::string_view kCountries =
    "01 AT AU BE BG BR CA CH CN CY CZ DE DK EE ES FI FR GB GR HK HR HU IE IN IS IT JP KR LI LT LU LV MT MX NL NO NZ PL "
    "PT RO SE SI SK TW US";

bool IsCountry(std::string_view code) {
  return code.size() == 2 && code.find(' ') == std::string_view::npos &&
         kCountries.find(code) != std::string_view::npos;
}

/// Four numbers with dots between them.
std::optional<uint32_t> ParseAddress(std::string_view text) {
  uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    uint8_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    const size_t digits = static_cast<size_t>(end - text.data());
    if (digits > 1 && text.front() == '0') return std::nullopt;  // some read it as octal
    text.remove_prefix(digits);
    address = address << 8 | number;
  }
  return text.empty() ? std::optional(address) : std::nullopt;
}

bool IsUnicast(uint32_t address) {
  const uint32_t first = address >> 24;
  return first != 0 && first != 127 && first < 224;
}

struct Field {
  const char* name;
  std::string StaticAddress::*value;
};
constexpr std::array kStaticFields = {Field{"address", &StaticAddress::address},
                                      Field{"netmask", &StaticAddress::netmask},
                                      Field{"gateway", &StaticAddress::gateway}, Field{"dns", &StaticAddress::dns}};

bool CheckStatic(base::JsonReader& json, const StaticAddress& value) {
  const auto address = ParseAddress(value.address);
  if (!address || !IsUnicast(*address)) return json.Refuse("address: this is no IPv4 address of a device");
  const auto mask = ParseAddress(value.netmask);
  const uint32_t hosts = ~mask.value_or(0);
  if (!mask || hosts < 3 || (hosts & (hosts + 1)) != 0 || *mask == 0)
    return json.Refuse("netmask: it is 128.0.0.0 to 255.255.255.252, ones before zeros");
  if ((*address & hosts) == 0 || (*address & hosts) == hosts)
    return json.Refuse("address: it is the network's own, or for all in it");
  if (!value.gateway.empty()) {
    const auto gateway = ParseAddress(value.gateway);
    if (!gateway || ((*gateway ^ *address) & *mask) != 0 || *gateway == *address)
      return json.Refuse("gateway: it is another address in the same network, or empty");
  }
  if (value.dns.empty()) return true;
  const auto dns = ParseAddress(value.dns);
  return dns && IsUnicast(*dns) ? true : json.Refuse("dns: this is no IPv4 address of a device");
}

bool ReadStatic(base::JsonReader& json, std::optional<StaticAddress>& value) {
  std::string_view nothing;
  if (json.Peek() == base::JsonReader::Kind::kNull) return json.ReadAny(nothing);
  StaticAddress read;
  size_t seen = 0;
  json.BeginObject();
  for (std::string name; json.NextField(name); ++seen) {
    const auto field = std::ranges::find(kStaticFields, name, &Field::name);
    if (field == kStaticFields.end()) return json.Refuse("there is no such field");
    if (!json.ReadString(read.*field->value, kMostAddressBytes)) return false;
  }
  if (json.failed()) return false;
  if (seen != kStaticFields.size()) return json.Refuse("it has address, netmask, gateway and dns");
  value = std::move(read);
  return CheckStatic(json, *value);
}

bool ReadNetwork(base::JsonReader& json, const Wifi& before, Wifi& wifi) {
  KnownNetwork network;
  std::optional<std::string> password;
  bool named = false;
  json.BeginObject();
  for (std::string name; json.NextField(name);) {
    if (name == "ssid") {
      named = json.ReadString(network.ssid, KnownNetwork::kMostSsidBytes);
      if (const std::string why = WhyNoSsid(network.ssid); named && !why.empty()) return json.Refuse(why);
      if (named && wifi.Find(network.ssid) != nullptr) return json.Refuse("there are two networks of this name");
    } else if (name == "password") {
      if (!json.ReadString(password.emplace(), KnownNetwork::kMostPasswordBytes)) return false;
      if (const std::string why = WhyNoPassword(*password); !why.empty()) return json.Refuse(why);
    } else if (name == "static_address") {
      if (!ReadStatic(json, network.static_address)) return false;
    } else {
      return json.Refuse("there is no such field");
    }
  }
  if (json.failed()) return false;
  if (!named) return json.Refuse("ssid: the field is missing");
  const KnownNetwork* const known = before.Find(network.ssid);
  network.password = password.value_or(known == nullptr ? "" : known->password);
  wifi.known.push_back(std::move(network));
  return true;
}

std::unexpected<base::JsonError> Missing(const char* field) {
  return std::unexpected(
      base::JsonError{base::JsonError::Kind::kValue, std::string("/") + field, "the field is missing"});
}

}  // namespace

std::string WhyNoSsid(std::string_view ssid) {
  if (ssid.empty() || ssid.size() > KnownNetwork::kMostSsidBytes) return "a network's name has 1 to 32 bytes";
  if (ssid.find('\0') != std::string_view::npos) return "it has a zero byte";
  return "";
}

std::string WhyNoPassword(std::string_view password) {
  const bool hex = std::ranges::all_of(
      password, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); });
  if (password.empty() || (password.size() == KnownNetwork::kMostPasswordBytes && hex)) return "";
  if (password.size() < KnownNetwork::kLeastPasswordBytes || password.size() >= KnownNetwork::kMostPasswordBytes)
    return "a password has 8 to 63 characters, or 64 hexadecimal digits; an open network has none";
  if (!std::ranges::all_of(password, [](char c) { return c >= ' ' && c <= '~'; }))
    return "a password has ASCII characters only";
  return "";
}

std::expected<Wifi, base::JsonError> Wifi::Read(std::string_view text, const Wifi& before) {
  Wifi wifi;
  bool has_country = false;
  bool has_known = false;
  base::JsonReader json(text);
  json.BeginObject();
  for (std::string name; json.NextField(name);) {
    if (name == "country") {
      has_country = json.ReadString(wifi.country, 2);
      if (has_country && !IsCountry(wifi.country))
        json.Refuse("a country is one of " + std::string(kCountries) + "; 01 is for all");
    } else if (name == "known") {
      has_known = json.BeginArray();
      while (json.NextElement()) {
        if (wifi.known.size() == kMostKnown) json.Refuse("more than " + std::to_string(kMostKnown) + " networks");
        if (json.failed() || !ReadNetwork(json, before, wifi)) break;
      }
    } else {
      json.Refuse("there is no such field");
    }
    if (json.failed()) break;
  }
  json.ReadEnd();
  if (json.failed()) return std::unexpected(json.error());
  if (!has_country) return Missing("country");
  if (!has_known) return Missing("known");
  return wifi;
}

namespace {

void WriteNetworks(base::JsonWriter& json, const Wifi& wifi, bool with_passwords) {
  json.Field("country", std::string_view(wifi.country));
  json.Key("known");
  json.BeginArray();
  for (const KnownNetwork& network : wifi.known) {
    json.BeginObject();
    json.Field("ssid", std::string_view(network.ssid));
    if (with_passwords) {
      json.Field("password", std::string_view(network.password));
    } else {
      json.Field("has_password", !network.password.empty());
    }
    json.Key("static_address");
    if (network.static_address) {
      json.BeginObject();
      for (const Field& field : kStaticFields)
        json.Field(field.name, std::string_view(*network.static_address.*field.value));
      json.EndObject();
    } else {
      json.Value(nullptr);
    }
    json.EndObject();
  }
  json.EndArray();
}

}  // namespace

void Wifi::Write(base::JsonWriter& json) const { WriteNetworks(json, *this, false); }

const KnownNetwork* Wifi::Find(std::string_view ssid) const {
  const auto found = std::ranges::find(known, ssid, &KnownNetwork::ssid);
  return found == known.end() ? nullptr : &*found;
}

WifiSettings::WifiSettings(listening::Services& services) : services_(services), lock_(services.MakeLock()) {
  const std::vector<uint8_t> stored = services.settings().Load(kKey);
  if (!stored.empty()) {
    auto read = Wifi::Read({reinterpret_cast<const char*>(stored.data()), stored.size()}, {});
    if (read) {
      wifi_ = *std::move(read);
    } else {
      services.Log(
          listening::LogLevel::kError, kTag,
          "the stored networks are refused, none is known: " + read.error().path + ": " + read.error().message);
    }
  }
  const std::vector<uint8_t> password = services.settings().Load(kSetupKey);
  setup_password_.assign(password.begin(), password.end());
  if (!setup_password_.empty() && WhyNoPassword(setup_password_).empty()) return;
  setup_password_ = listening::DrawSecret(services, kSetupGroups);
  const std::span bytes(reinterpret_cast<const uint8_t*>(setup_password_.data()), setup_password_.size());
  if (const auto kept = services.settings().Store(kSetupKey, bytes); !kept) {
    services.Log(listening::LogLevel::kError, kTag,
                 "the access point's password is another one after a restart: it cannot be stored: " + kept.error());
  }
}

Wifi WifiSettings::wifi() const {
  const std::lock_guard guard(*lock_);
  return wifi_;
}

std::expected<void, Error> WifiSettings::Set(Wifi wifi) {
  const std::lock_guard guard(*lock_);
  return SetLocked(std::move(wifi));
}

std::expected<void, Error> WifiSettings::Add(const KnownNetwork& network) {
  const std::lock_guard guard(*lock_);
  Wifi wifi = wifi_;
  std::erase_if(wifi.known, [&](const KnownNetwork& known) { return known.ssid == network.ssid; });
  wifi.known.insert(wifi.known.begin(), network);
  if (wifi.known.size() > Wifi::kMostKnown) wifi.known.pop_back();
  return SetLocked(std::move(wifi));
}

std::expected<void, Error> WifiSettings::SetLocked(Wifi wifi) {
  const std::string text = base::JsonObject([&](base::JsonWriter& json) { WriteNetworks(json, wifi, true); });
  const std::span bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  if (const auto kept = services_.settings().Store(kKey, bytes); !kept)
    return std::unexpected(Error{ErrorCode::kFailed, "the networks cannot be stored: " + kept.error()});
  wifi_ = std::move(wifi);
  ++revision_;
  return {};
}

}  // namespace network

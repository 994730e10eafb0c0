// SPDX-License-Identifier: Apache-2.0
#include "home_link/webhook_settings.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "checks.h"

namespace home_link {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";

/// What stands between the scheme and the path.
std::string_view Authority(std::string_view url) {
  url.remove_prefix(std::min(url.size(), url.starts_with(kHttps) ? kHttps.size() : kHttp.size()));
  return url.substr(0, url.find_first_of("/?#"));
}

bool IsPort(std::string_view text) {
  uint32_t port = 0;
  if (text.empty() || text.size() > 5) return false;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    port = 10 * port + static_cast<uint32_t>(c - '0');
  }
  return port > 0 && port <= UINT16_MAX;
}

bool IsHost(std::string_view authority) {
  const size_t colon = authority.find(':');
  const std::string_view host = authority.substr(0, colon);
  if (host.empty() || (colon != std::string_view::npos && !IsPort(authority.substr(colon + 1)))) return false;
  return std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  });
}

/// @return what is wrong with an address, or nothing.
std::string ProblemOf(std::string_view url) {
  if (!url.starts_with(kHttp) && !url.starts_with(kHttps)) return "an address begins with http:// or https://";
  if (!Visible(url)) return "an address has visible ASCII characters only";
  if (url.find('#') != std::string_view::npos) return "what stands behind a # is never sent; leave it out";
  if (Authority(url).find('@') != std::string_view::npos) return "a name and a password have no place in an address";
  if (!IsHost(Authority(url))) return "an address has a host's name or IPv4 address, and perhaps a port";
  return "";
}

bool ReadField(base::JsonReader& json, std::string_view name, WebhookSettings& settings) {
  if (name == "on") return json.ReadBool(settings.on);
  if (name == "url") return json.ReadString(settings.url, WebhookSettings::kMostUrlBytes);
  if (name == "secret") return json.ReadString(settings.secret, WebhookSettings::kMostSecretBytes);
  if (name == "ca") return json.ReadString(settings.ca, WebhookSettings::kMostCaBytes);
  if (name == "fingerprint") return json.ReadString(settings.fingerprint, kMostFingerprintBytes);
  return json.Refuse("there is no such field");
}

}  // namespace

std::expected<WebhookSettings, base::JsonError> WebhookSettings::Read(std::string_view text, std::string secret) {
  WebhookSettings settings;
  settings.secret = std::move(secret);
  base::JsonReader json(text);
  std::vector<std::string> seen;
  json.BeginObject();
  for (std::string name; json.NextField(name) && ReadField(json, name, settings);) seen.push_back(name);
  json.ReadEnd();
  if (json.failed()) return std::unexpected(json.error());
  for (const char* name : {"on", "url"}) {
    if (std::ranges::find(seen, name) == seen.end()) return Wrong(name, "the field is missing");
  }
  settings.fingerprint = FingerprintDigits(settings.fingerprint);
  if (settings.url.empty() && settings.on) return Wrong("url", "name the receiver, or switch it off");
  if (!settings.url.empty()) {
    if (std::string problem = ProblemOf(settings.url); !problem.empty()) return Wrong("url", std::move(problem));
  }
  if (!Whole(settings.secret) || (!settings.secret.empty() && settings.secret.size() < kLeastSecretBytes))
    return Wrong("secret", "a secret has 16 to 128 bytes, none of them zero");
  if (!settings.ca.empty() && !IsPem(settings.ca)) return Wrong("ca", "this is no certificate in PEM form");
  if (!settings.fingerprint.empty() && !IsFingerprint(settings.fingerprint))
    return Wrong("fingerprint", "a SHA-256 has 64 hexadecimal digits");
  if (!settings.ca.empty() && !settings.fingerprint.empty())
    return Wrong("fingerprint", "either this or the CA says which receiver is the right one");
  if (!settings.https() && !(settings.ca.empty() && settings.fingerprint.empty()))
    return Wrong("url", "a certificate is looked at with https:// only");
  return settings;
}

void WebhookSettings::Write(base::JsonWriter& json) const {
  json.Field("on", on);
  json.Field("url", std::string_view(url));
  json.Field("ca", std::string_view(ca));
  json.Field("fingerprint", std::string_view(fingerprint));
}

void WebhookSettings::WriteWhole(base::JsonWriter& json) const {
  Write(json);
  json.Field("secret", std::string_view(secret));
}

std::string WebhookSettings::receiver() const { return std::string(Authority(url)); }

WebhookDesk::WebhookDesk(listening::Services& services)
    : settings_(services, "home_link/webhook", "webhook"), lock_(services.MakeLock()) {}

WebhookDesk::State WebhookDesk::state() const {
  const std::lock_guard guard(*lock_);
  return state_;
}

void WebhookDesk::Tell(State state) {
  const std::lock_guard guard(*lock_);
  state_ = std::move(state);
}

}  // namespace home_link

// SPDX-License-Identifier: Apache-2.0
#include "listening/local_clock.h"

#include <algorithm>
#include <mutex>

#include "clip_store/clip_name.h"

namespace listening {
namespace {

constexpr char kKey[] = "listening/clock";  // zone and server, a line each

/// What a clock may be set to: this firmware is not older, and four digits must do for the year.
constexpr int64_t kEarliestMs = 1'735'689'600'000;  // 2025-01-01
constexpr int64_t kLatestMs = 253'402'300'800'000;  // 10000-01-01

constexpr std::string_view kZones =
#include "time_zones.inc"
    ;

/// The text before a delimiter, which is taken away with it; all of it where there is none.
std::string_view Take(std::string_view& text, char delimiter) {
  const size_t end = text.find(delimiter);
  const std::string_view taken = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return taken;
}

bool IsHost(std::string_view text) {
  return !text.empty() && text.size() <= LocalClock::kMostServerBytes && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == ':';
  });
}

bool IsZone(std::string_view name) { return name.empty() || TimeZoneRule(name); }

}  // namespace

std::optional<std::string_view> TimeZoneRule(std::string_view name) {
  for (std::string_view lines = kZones; !lines.empty();) {
    std::string_view names = Take(lines, '\n');
    const std::string_view rule = Take(names, '\t');
    while (!names.empty()) {
      if (Take(names, ' ') == name) return rule;
    }
  }
  return std::nullopt;
}

LocalClock::LocalClock(Services& services) : services_(services), lock_(services.MakeLock()) {}

void LocalClock::Load() {
  const std::vector<uint8_t> stored = services_.settings().Load(kKey);
  std::string_view lines(reinterpret_cast<const char*>(stored.data()), stored.size());
  const std::string zone(Take(lines, '\n'));
  const std::string server(Take(lines, '\n'));
  Use(IsZone(zone) && IsHost(server) ? Settings{zone, server} : settings_);
}

LocalClock::Settings LocalClock::settings() const {
  const std::lock_guard guard(*lock_);
  return settings_;
}

std::expected<void, Error> LocalClock::Set(const Settings& settings) {
  if (!IsZone(settings.time_zone))
    return std::unexpected(Error{ErrorCode::kRefused, "time_zone: the IANA database has no such zone"});
  if (!IsHost(settings.time_server))
    return std::unexpected(Error{ErrorCode::kRefused, "time_server: this is no host name and no address"});
  const std::string lines = settings.time_zone + '\n' + settings.time_server + '\n';
  const std::span bytes(reinterpret_cast<const uint8_t*>(lines.data()), lines.size());
  if (const auto kept = services_.settings().Store(kKey, bytes); !kept)
    return std::unexpected(Error{ErrorCode::kFailed, "the clock's settings cannot be stored: " + kept.error()});
  Use(settings);
  return {};
}

std::expected<void, Error> LocalClock::SetUtc(int64_t utc_ms) {
  if (utc_ms < kEarliestMs || utc_ms >= kLatestMs)
    return std::unexpected(Error{ErrorCode::kRefused, "utc_ms: it is 2025 or later, and before the year 10000"});
  if (const auto set = services_.SetUtc(utc_ms * 1000); !set)
    return std::unexpected(Error{ErrorCode::kFailed, "the clock cannot be set: " + set.error()});
  return {};
}

void LocalClock::Write(base::JsonWriter& json) const {
  const Settings now = settings();
  const auto utc_us = services_.UtcUs();
  json.Field("time_zone", std::string_view(now.time_zone));
  json.Field("time_server", std::string_view(now.time_server));
  json.Field("utc", utc_us ? std::optional(clip_store::UtcText(*utc_us / 1000)) : std::nullopt);
}

void LocalClock::Use(const Settings& settings) {
  {
    const std::lock_guard guard(*lock_);
    settings_ = settings;
  }
  services_.SetClock(settings.time_zone, TimeZoneRule(settings.time_zone).value_or(""), settings.time_server);
}

}  // namespace listening

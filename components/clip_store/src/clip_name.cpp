// SPDX-License-Identifier: Apache-2.0
#include "clip_store/clip_name.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace clip_store {
namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr int64_t kDay_s = 86400;
constexpr std::string_view kStarSuffix = ".star";

struct Civil {
  int year;
  unsigned month, day, hour, minute, second;
};

Civil CivilOf(int64_t utc_s) {
  const int64_t days = utc_s >= 0 ? utc_s / kDay_s : (utc_s - kDay_s + 1) / kDay_s;
  const auto rest = static_cast<unsigned>(utc_s - days * kDay_s);
  const year_month_day date{sys_days{std::chrono::days{days}}};
  return {.year = static_cast<int>(date.year()),
          .month = static_cast<unsigned>(date.month()),
          .day = static_cast<unsigned>(date.day()),
          .hour = rest / 3600,
          .minute = rest / 60 % 60,
          .second = rest % 60};
}

/// Takes a number of at least `digits` digits off the front.
bool TakeNumber(std::string_view& text, size_t digits, uint32_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto length = static_cast<size_t>(end - text.data());
  if (error != std::errc{} || length < digits) return false;
  text.remove_prefix(length);
  return true;
}

bool TakeText(std::string_view& text, std::string_view wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(wanted.size());
  return true;
}

/// "20261122T112244Z"
std::optional<int64_t> TakeUtc(std::string_view& text) {
  uint32_t date;
  uint32_t time;
  if (text.size() < 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  std::string_view date_text = text.substr(0, 8);
  std::string_view time_text = text.substr(9, 6);
  if (!TakeNumber(date_text, 8, date) || !TakeNumber(time_text, 6, time)) return std::nullopt;
  const year_month_day day{std::chrono::year{static_cast<int>(date / 10000)}, std::chrono::month{date / 100 % 100},
                           std::chrono::day{date % 100}};
  const uint32_t hours = time / 10000;
  const uint32_t minutes = time / 100 % 100;
  const uint32_t seconds = time % 100;
  if (!day.ok() || hours > 23 || minutes > 59 || seconds > 59) return std::nullopt;
  text.remove_prefix(16);
  return sys_days{day}.time_since_epoch().count() * kDay_s + hours * 3600 + minutes * 60 + seconds;
}

bool TakeId(std::string_view& text, EventId& id) {
  const std::string_view whole = text;
  if (!TakeNumber(text, 4, id.boot) || !TakeText(text, "-") || !TakeNumber(text, 5, id.sequence)) return false;
  return id.boot <= EventId::kMostBoots && whole.starts_with(id.Text());
}

}  // namespace

std::string EventId::Text() const {
  char text[32];
  std::snprintf(text, sizeof text, "%04u-%05u", static_cast<unsigned>(boot), static_cast<unsigned>(sequence));
  return text;
}

std::optional<EventId> EventId::Parse(std::string_view text) {
  EventId id;
  if (!TakeId(text, id) || !text.empty()) return std::nullopt;
  return id;
}

std::string UtcText(int64_t utc_ms) {
  const int64_t seconds = utc_ms >= 0 ? utc_ms / 1000 : (utc_ms - 999) / 1000;
  const Civil c = CivilOf(seconds);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02u:%02u:%02u.%03uZ", c.year, c.month, c.day, c.hour, c.minute,
                c.second, static_cast<unsigned>(utc_ms - seconds * 1000));
  return text;
}

ClipName ClipName::Of(const EventId& id, const EventTime& start) {
  const int64_t ms = start.utc_ms.value_or(start.uptime_ms);
  return {
      .id = id, .dated = start.utc_ms.has_value(), .time_s = static_cast<uint32_t>(std::max(ms / 1000, int64_t{0}))};
}

std::string ClipName::Text() const {
  char text[64];
  if (dated) {
    const Civil c = CivilOf(time_s);
    std::snprintf(text, sizeof text, "%04d%02u%02uT%02u%02u%02uZ_", c.year, c.month, c.day, c.hour, c.minute, c.second);
  } else {
    std::snprintf(text, sizeof text, "boot%04u-%09us_", static_cast<unsigned>(id.boot), static_cast<unsigned>(time_s));
  }
  return text + id.Text() + ".wav";
}

std::optional<ClipName> ClipName::Parse(std::string_view name) {
  ClipName parsed{};
  std::string_view rest = name;
  uint32_t boot;
  if (TakeText(rest, "boot")) {
    if (!TakeNumber(rest, 4, boot) || !TakeText(rest, "-") || !TakeNumber(rest, 9, parsed.time_s) ||
        !TakeText(rest, "s"))
      return std::nullopt;
  } else {
    const auto utc_s = TakeUtc(rest);
    if (!utc_s || *utc_s < 0 || *utc_s > UINT32_MAX) return std::nullopt;
    parsed.dated = true;
    parsed.time_s = static_cast<uint32_t>(*utc_s);
  }
  if (!TakeText(rest, "_") || !TakeId(rest, parsed.id) || rest != ".wav" || parsed.Text() != name) return std::nullopt;
  return parsed;
}

std::string StarName(std::string_view clip_name) {
  std::string name(clip_name.substr(0, clip_name.rfind('.')));
  return name += kStarSuffix;
}

std::optional<ClipName> StarredBy(std::string_view file_name) {
  if (!file_name.ends_with(kStarSuffix)) return std::nullopt;
  file_name.remove_suffix(kStarSuffix.size());
  return ClipName::Parse(std::string(file_name) + ".wav");
}

}  // namespace clip_store

// SPDX-License-Identifier: Apache-2.0
#include "journal_report.h"

#include <charconv>
#include <chrono>
#include <cmath>

#include "base/json_members.h"
#include "base/json_reader.h"

namespace home_link {
namespace {

std::string Text(std::string_view line, std::string_view name) {
  const auto value = base::FindMember(line, name);
  return value ? base::AsString(*value).value_or("") : "";
}

double Number(std::string_view line, std::string_view name) {
  const auto value = base::FindMember(line, name);
  return value ? base::AsNumber(*value).value_or(0) : 0;
}

base::CentiDecibels Level(std::string_view line, std::string_view name) {
  return static_cast<base::CentiDecibels>(std::lround(100 * Number(line, name)));
}

/// Of clip_store::UtcText().
std::optional<int64_t> UtcMs(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00.000Z";
  if (text.size() != kForm.size()) return std::nullopt;
  const auto number = [&](size_t at, size_t size) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + size, value);
    return value;
  };
  const std::chrono::year_month_day date{std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  if (!date.ok()) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return (((days * 24 + number(11, 2)) * 60 + number(14, 2)) * 60 + number(17, 2)) * 1000 + number(20, 3);
}

std::vector<Report::Class> Top(std::string_view line, const sound_model::ClassMap* classes) {
  std::vector<Report::Class> top;
  const auto array = base::FindMember(line, "top");
  if (!array || classes == nullptr) return top;
  base::JsonReader json(*array);
  json.BeginArray();
  while (json.NextElement()) {
    std::string_view entry;
    if (!json.ReadAny(entry)) break;
    const double index = Number(entry, "index");
    if (index < 0 || index >= static_cast<double>(classes->size())) continue;
    top.push_back({std::string(classes->name(static_cast<size_t>(index))), static_cast<float>(Number(entry, "p"))});
  }
  return top;
}

}  // namespace

std::optional<Report> ReportOfLine(std::string_view line, const sound_model::ClassMap* classes) {
  using sound_events::EventKind;
  const std::string kind = Text(line, "kind");
  const bool start = kind == sound_events::EventKindName(EventKind::kStart);
  if (!start && kind != sound_events::EventKindName(EventKind::kEnd)) return std::nullopt;
  return Report{
      .earlier = true,
      .id = Text(line, "id"),
      .kind = start ? EventKind::kStart : EventKind::kEnd,
      .rule = Text(line, "rule"),
      .start = {.uptime_ms = std::llround(1000 * Number(line, "uptime_s")), .utc_ms = UtcMs(Text(line, "utc"))},
      .duration_s = static_cast<float>(Number(line, "duration_s")),
      .reason = Text(line, "reason"),
      .peak = static_cast<float>(Number(line, "peak")),
      .mean = static_cast<float>(Number(line, "mean")),
      .level = Level(line, "level_dbfs"),
      .floor = Level(line, "floor_dbfs"),
      .top = Top(line, classes),
      .clip = Text(line, "clip")};
}

}  // namespace home_link

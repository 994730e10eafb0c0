// SPDX-License-Identifier: Apache-2.0
#include "documents.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/json_object.h"

namespace home_link {
namespace {

constexpr size_t kMostSummaryBytes = 255;  ///< Of Home Assistant's release_summary.

using base::JsonWriter;
using listening::DeviceState;

/// A number with so many decimal places as are worth telling.
void Number(JsonWriter& json, std::string_view name, double value, int places) {
  std::array<char, 48> digits;
  // std::to_chars would bring 120 KB of tables onto the chip.
  const int size = std::snprintf(digits.data(), digits.size(), "%.*f", places, value);
  json.Key(name);
  json.Raw({digits.data(), std::min(static_cast<size_t>(size), digits.size() - 1)});
}

void Level(JsonWriter& json, std::string_view name, bool known, base::CentiDecibels level) {
  if (!known) return json.Field(name, nullptr);
  Number(json, name, level / 100.0, 2);
}

std::string_view SelfTestOf(const DeviceState& state) {
  if (!state.self_test) return "not run";
  return state.self_test->passed() ? "passed" : "failed";
}

std::string TitleOf(std::string_view rule, const Described& described) {
  const auto found = std::ranges::find(described.rules, rule, &HouseRule::name);
  return found == described.rules.end() ? std::string(rule) : found->title;
}

/// When it began, by the clock as it is now if it was not set then.
std::optional<std::string> UtcOf(const Telling& telling) {
  const clip_store::EventTime& start = telling.report.start;
  if (start.utc_ms) return clip_store::UtcText(*start.utc_ms);
  if (!telling.utc_ms || telling.report.earlier) return std::nullopt;
  return clip_store::UtcText(*telling.utc_ms - (telling.now_ms - start.uptime_ms));
}

void WriteReport(const Telling& telling, JsonWriter& json) {
  const Report& report = telling.report;
  const auto text = [](const std::string& value) { return value.empty() ? std::nullopt : std::optional(value); };
  json.Field("id", std::string_view(report.id));
  json.Field("rule", std::string_view(report.rule));
  json.Field("title", std::string_view(TitleOf(report.rule, telling.described)));
  json.Field("utc", UtcOf(telling));
  Number(json, "uptime_s", static_cast<double>(report.start.uptime_ms) / 1000, 3);
  Number(json, "duration_s", report.duration_s, 3);
  json.Field("reason", text(report.reason));
  Number(json, "peak", report.peak, 4);
  Number(json, "mean", report.mean, 4);
  Level(json, "level_dbfs", true, report.level);
  Level(json, "floor_dbfs", true, report.floor);
  json.Key("top");
  json.BeginArray();
  for (const Report::Class& entry : report.top) {
    json.BeginObject();
    json.Field("class", std::string_view(entry.name));
    Number(json, "p", entry.p, 4);
    json.EndObject();
  }
  json.EndArray();
  json.Field("clip", text(report.clip));
  const std::string& url = telling.described.identity.url;
  const bool link = !report.clip.empty() && !url.empty();
  json.Field("clip_url", link ? std::optional(url + "api/v1/clips/" + report.clip) : std::nullopt);
}

void WriteEvent(const Telling& telling, JsonWriter& json) {
  json.Field("event_type", sound_events::EventKindName(telling.report.kind));
  WriteReport(telling, json);
  json.Field("late", telling.report.late(telling.now_ms));
}

/// All of a webhook's document but the value of its last member.
void WriteHead(std::string_view type, const Described& described, std::optional<int64_t> utc_ms, JsonWriter& json) {
  const Identity& identity = described.identity;
  json.Field("type", type);
  json.Field("timestamp", utc_ms ? std::optional(clip_store::UtcText(*utc_ms)) : std::nullopt);
  json.Key("device");
  json.BeginObject();
  json.Field("id", std::string_view(identity.id));
  json.Field("name", std::string_view(identity.name));
  json.Field("place", std::string_view(identity.place));
  json.Field("url", std::string_view(identity.url));
  json.EndObject();
  json.Key("data");
}

}  // namespace

std::string ProblemOf(const DeviceState& state) {
  for (const auto& step : state.steps) {
    if (!step.ok) return step.name + ": " + step.message;
  }
  if (state.self_test && !state.self_test->passed()) return "the self-test fails";
  if (state.audio && !state.audio->alive && !state.audio->ended && !state.muted) return "no sound comes in";
  return "";
}

std::string LevelsDocument(const DeviceState& state) {
  const bool hears = state.watch && state.audio && state.audio->alive && !state.muted;
  return base::JsonObject([&](JsonWriter& json) {
    Level(json, "level_dbfs", hears && state.watch->level, hears ? state.watch->level.value_or(0) : 0);
    Level(json, "floor_dbfs", hears && state.watch->floor_known, hears ? state.watch->floor : 0);
  });
}

std::string UpdateDocument(const Updatable& updatable) {
  return base::JsonObject([&](JsonWriter& json) {
    json.Field("installed_version", std::string_view(updatable.installed));
    json.Field("latest_version", std::string_view(updatable.installed));
    json.Field("in_progress", updatable.percent.has_value());
    json.Field("update_percentage", updatable.percent);
    json.Field("release_summary", std::string_view(updatable.summary).substr(0, kMostSummaryBytes));
  });
}

std::string DiagnosticsDocument(const DeviceState& state, uint32_t events_dropped) {
  const std::string problem = ProblemOf(state);
  const bool stores = state.storage && !state.storage->volume.empty();
  return base::JsonObject([&](JsonWriter& json) {
    json.Field("problem", problem.empty() ? std::nullopt : std::optional(problem));
    json.Field("self_test", SelfTestOf(state));
    json.Field("storage", stores ? std::string_view(state.storage->volume) : "none");
    json.Field("clips", stores ? std::optional(state.storage->clips) : std::nullopt);
    json.Field("overruns", state.audio ? std::optional(state.audio->overruns) : std::nullopt);
    json.Field("gaps", state.audio ? std::optional(state.audio->gaps) : std::nullopt);
    json.Field("events_dropped", events_dropped);
    Number(json, "inference_ms", state.inference ? state.inference->p50_us / 1000.0 : 0, 1);
    json.Field("free_heap", state.memory.free_heap);
    json.Field("least_heap", state.memory.min_free_heap);
    json.Field("free_psram", state.memory.free_psram);
    json.Field("ssid", state.network ? state.network->ssid : std::nullopt);
    json.Field("rssi_dbm", state.network ? state.network->rssi_dbm : std::nullopt);
    json.Field("uptime_s", state.uptime_ms / 1000);
    json.Field("crashes", state.record ? std::optional(state.record->panics) : std::nullopt);
  });
}

std::string LastEventDocument(const Telling& telling) {
  return base::JsonObject([&](JsonWriter& json) { WriteReport(telling, json); });
}

std::string EventDocument(const Telling& telling) {
  return base::JsonObject([&](JsonWriter& json) { WriteEvent(telling, json); });
}

std::string WebhookDocument(const Telling& telling) {
  const std::string type = "event." + std::string(sound_events::EventKindName(telling.report.kind));
  return base::JsonObject([&](JsonWriter& json) {
    WriteHead(type, telling.described, telling.utc_ms, json);
    json.BeginObject();
    WriteEvent(telling, json);
    json.EndObject();
  });
}

std::string WebhookTestDocument(const Described& described, std::optional<int64_t> utc_ms) {
  return base::JsonObject([&](JsonWriter& json) {
    WriteHead("test", described, utc_ms, json);
    json.BeginObject();
    json.EndObject();
  });
}

}  // namespace home_link

// SPDX-License-Identifier: Apache-2.0
#include "rule_console.h"

#include "esp_err.h"

namespace firmware {
namespace {

using serial_console::Error;
using serial_console::ErrorCode;

void WriteRule(const WatchState::Rule& rule, base::JsonWriter& json) {
  json.BeginObject();
  json.Field("name", std::string_view(rule.name));
  json.Field("title", std::string_view(rule.title));
  json.Field("priority", rule.priority);
  json.Field("state", sound_events::RuleStateName(rule.state));
  json.EndObject();
}

}  // namespace

std::vector<std::string> ClassNames(const sound_model::ClassMap& classes) {
  std::vector<std::string> names;
  names.reserve(sound_model::kClasses);
  for (int i = 0; i < sound_model::kClasses; ++i) names.emplace_back(classes.name(i));
  return names;
}

void RuleConsole::WriteRules(base::JsonWriter& json) {
  json.Field("source", stored_ ? "stored" : "presets");
  json.Field("bytes", document_.size());
  json.Key("rules");
  json.BeginArray();
  for (const WatchState::Rule& rule : watch_.state().rules) WriteRule(rule, json);
  json.EndArray();
}

void RuleConsole::WriteEvents(base::JsonWriter& json) {
  const WatchState watch = watch_.state();
  const RecorderState recorder = recorder_.state();
  WriteLevels(watch, json);
  json.Field("events", watch.events);
  json.Key("active");
  json.BeginArray();
  for (const WatchState::Rule& rule : watch.rules) {
    if (rule.state != sound_events::RuleState::kIdle) WriteRule(rule, json);
  }
  json.EndArray();
  json.Key("latest");
  json.BeginArray();
  for (const std::string& line : recorder.latest_lines) json.Raw(line);
  json.EndArray();
  json.Key("storage");
  json.BeginObject();
  WriteStorage(recorder, json);
  json.EndObject();
}

std::expected<size_t, Error> RuleConsole::SetRules(std::string_view document) {
  auto rules = sound_events::esp::StoreRules(document, ClassNames(classes_));
  if (!rules) {
    const bool refused = rules.error().code != sound_events::ErrorCode::kInvalidState;
    return std::unexpected(Error{refused ? ErrorCode::kBadArgument : ErrorCode::kFailed, rules.error().Text()});
  }
  const size_t count = rules->rules().size();
  if (const auto set = watch_.SetRules(*std::move(rules)); !set) {
    return std::unexpected(Error{ErrorCode::kFailed, set.error().Text()});
  }
  document_ = document;
  stored_ = true;
  return count;
}

std::expected<size_t, Error> RuleConsole::SetPresets() {
  if (const esp_err_t result = sound_events::esp::ForgetRules(); result != ESP_OK) {
    return std::unexpected(Error{ErrorCode::kFailed, std::string("NVS: ") + esp_err_to_name(result)});
  }
  auto active = sound_events::esp::LoadRules(ClassNames(classes_));
  const size_t count = active.rules.rules().size();
  if (const auto set = watch_.SetRules(std::move(active.rules)); !set) {
    return std::unexpected(Error{ErrorCode::kFailed, set.error().Text()});
  }
  document_ = std::move(active.document);
  stored_ = active.stored;
  return count;
}

void WriteLevels(const WatchState& state, base::JsonWriter& json) {
  json.Field("level_dbfs", state.level ? std::optional(base::Decibels(*state.level)) : std::nullopt);
  json.Field("floor_dbfs", base::Decibels(state.floor));
  json.Field("floor_known", state.floor_known);
}

void WriteStorage(const RecorderState& state, base::JsonWriter& json) {
  const clip_store::ClipStoreStatus& counts = state.counts;
  json.Field("volume", std::string_view(state.volume));
  json.Field("recording", std::string_view(state.recording));
  json.Field("clips", counts.clips);
  json.Field("clips_written", counts.clips_written);
  json.Field("clips_cut_short", counts.clips_cut_short);
  json.Field("clips_repaired", counts.clips_repaired);
  json.Field("clips_removed", counts.clips_removed);
  json.Field("samples_dropped", counts.samples_dropped);
  json.Field("lines_written", counts.lines_written);
  json.Field("lines_dropped", counts.lines_dropped);
  json.Field("events_dropped", counts.events_dropped);
  json.Key("last_error");
  if (counts.last_error) {
    json.Value(clip_store::StorageErrorName(*counts.last_error));
  } else {
    json.Value(nullptr);
  }
}

}  // namespace firmware

// SPDX-License-Identifier: Apache-2.0
#include "serial_console/listening_device.h"

#include <algorithm>

namespace serial_console {
namespace {

using listening::WatchState;

/// More than a rule's fields can take: a title of 96 bytes, each escaped as six characters, a name of 31, and the rest.
constexpr size_t kMostRuleBytes = 800;
/// Of the journal, in one answer.
constexpr size_t kMostLinesBytes = 8192;

std::unexpected<Error> ToConsole(const listening::Error& error) {
  const auto code = [&] {
    switch (error.code) {
      case listening::ErrorCode::kNotReady:
        return ErrorCode::kNotReady;
      case listening::ErrorCode::kRefused:
        return ErrorCode::kBadArgument;
      case listening::ErrorCode::kBusy:
        return ErrorCode::kBusy;
      case listening::ErrorCode::kConflict:
      case listening::ErrorCode::kFailed:
        break;
    }
    return ErrorCode::kFailed;
  };
  return std::unexpected(Error{code(), error.message});
}

template <typename T>
std::expected<T, Error> ToConsole(std::expected<T, listening::Error> result) {
  if (!result) return ToConsole(result.error());
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return *std::move(result);
  }
}

/// An array of those that fit, from the `from`th on, and where the next answer has to begin: null after the last.
void WritePage(base::JsonWriter& json, std::string_view name, const std::vector<WatchState::Rule>& rules, size_t from) {
  size_t next = std::min(from, rules.size());
  json.Key(name);
  json.BeginArray();
  for (; next < rules.size() && json.room() > kMostRuleBytes; ++next) listening::WriteRule(rules[next], json);
  json.EndArray();
  json.Field("next", next < rules.size() ? std::optional(next) : std::nullopt);
}

/// The newest lines, as many as fit, oldest first.
void WriteLatest(base::JsonWriter& json, const std::vector<std::string>& lines) {
  size_t first = lines.size();
  for (size_t bytes = 0; first > 0 && (bytes += lines[first - 1].size() + 1) <= kMostLinesBytes; --first) {
  }
  json.Key("latest");
  json.BeginArray();
  for (; first < lines.size(); ++first) json.Raw(lines[first]);
  json.EndArray();
}

}  // namespace

void ListeningDevice::WriteInfo(base::JsonWriter& json) { listening::WriteState(device_.state(), json); }

size_t ListeningDevice::classes() const {
  const auto classes = device_.classes();
  return classes ? (*classes)->size() : 0;
}

std::expected<uint32_t, Error> ListeningDevice::Score(std::span<const int8_t> patch, std::span<int8_t> scores) {
  return ToConsole(device_.Score(patch, scores));
}

std::expected<listening::Profile, Error> ListeningDevice::ProfileOps() { return ToConsole(device_.ProfileOps()); }

std::expected<listening::SelfTestResult, Error> ListeningDevice::SelfTest() { return ToConsole(device_.SelfTest()); }

std::expected<log_mel::PatchStream*, Error> ListeningDevice::FrontEnd() {
  if (front_end_) return front_end_.get();
  auto made = device_.MakeFrontEnd();
  if (!made) return ToConsole(made.error());
  front_end_ = *std::move(made);
  return front_end_.get();
}

std::expected<const clip_store::SampleRing*, Error> ListeningDevice::Sound() {
  if (listening::ClipKeeper* const clips = device_.clips()) return &clips->ring();
  return std::unexpected(Error{ErrorCode::kNotReady, device_.boot().WhyNot(listening::kClipsStep)});
}

std::expected<EventDevice*, Error> ListeningDevice::Events() {
  if (const auto rules = device_.rules(); !rules) return ToConsole(rules.error());
  return this;
}

void ListeningDevice::WriteRules(size_t from, base::JsonWriter& json) {
  const listening::RuleService& rules = **device_.rules();
  json.Field("source", rules.stored() ? "stored" : "presets");
  json.Field("bytes", rules.document().size());
  WritePage(json, "rules", (*device_.watch())->state().rules, from);
}

void ListeningDevice::WriteEvents(size_t from, base::JsonWriter& json) {
  WatchState watch = (*device_.watch())->state();
  const listening::ClipKeeper* const clips = device_.clips();
  const clip_store::ClipStoreStatus storage =
      clips != nullptr ? clips->store().status() : clip_store::ClipStoreStatus{};
  listening::WriteLevels(watch, json);
  json.Field("events", watch.events);
  json.Key("storage");
  json.BeginObject();
  listening::WriteStorage(storage, json);
  json.EndObject();
  WriteLatest(json, clips != nullptr ? clips->store().latest_lines() : std::vector<std::string>());
  std::erase_if(watch.rules, [](const WatchState::Rule& rule) { return rule.state == sound_events::RuleState::kIdle; });
  WritePage(json, "active", watch.rules, from);
}

std::expected<void, Error> ListeningDevice::FormatStorage(std::string_view volume) {
  listening::ClipKeeper* const clips = device_.clips();
  if (clips == nullptr)
    return std::unexpected(Error{ErrorCode::kNotReady, device_.boot().WhyNot(listening::kClipsStep)});
  const auto asked = clips->store().RequestFormat(volume);
  if (asked) return {};
  switch (asked.error()) {
    case clip_store::StorageError::kNotFound:
      return std::unexpected(Error{ErrorCode::kBadArgument, "volume: there is none of that name"});
    case clip_store::StorageError::kReadOnly:
      return std::unexpected(Error{ErrorCode::kBadArgument, "volume: it is its owner's, and never formatted here"});
    case clip_store::StorageError::kBusy:
      return std::unexpected(Error{ErrorCode::kBadArgument, "volume: it needs no format; @events tells its state"});
    default:
      return std::unexpected(
          Error{ErrorCode::kFailed, "storage: " + std::string(clip_store::StorageErrorName(asked.error()))});
  }
}

void ListeningDevice::WriteTime(base::JsonWriter& json) { device_.local_clock().Write(json); }

std::expected<void, Error> ListeningDevice::SetUtc(int64_t utc_ms) {
  return ToConsole(device_.local_clock().SetUtc(utc_ms));
}

std::expected<void, Error> ListeningDevice::SetTimeZone(std::string_view name) {
  listening::LocalClock::Settings clock = device_.local_clock().settings();
  clock.time_zone = name;
  return ToConsole(device_.local_clock().Set(clock));
}

std::expected<std::string, Error> ListeningDevice::OwnerToken() {
  const auto owner = device_.owner();
  if (!owner) return ToConsole(owner.error());
  return (*owner)->text();
}

std::expected<void, Error> ListeningDevice::RenewOwnerToken() {
  const auto owner = device_.owner();
  if (!owner) return ToConsole(owner.error());
  return ToConsole((*owner)->Renew());
}

std::string ListeningDevice::RuleDocument() { return (*device_.rules())->document(); }

std::expected<size_t, Error> ListeningDevice::SetRules(std::string_view json) {
  return ToConsole((*device_.rules())->Set(json));
}

std::expected<size_t, Error> ListeningDevice::SetPresets() { return ToConsole((*device_.rules())->SetPresets()); }

}  // namespace serial_console

// SPDX-License-Identifier: Apache-2.0
// What is the owner's: session, token, settings, clock, mute.
#include "answers.h"
#include "body.h"
#include "device_api/api.h"
#include "entity_tag.h"
#include "target.h"

namespace device_api {
namespace {

constexpr char kSettingsKey[] = "device_api/set";
constexpr char kFirstName[] = "YAMNet";
constexpr size_t kMostNameBytes = 64;

std::string Tag(const listening::LocalClock::Settings& clock) {
  return EntityTag([&](base::JsonWriter& json) {
    json.Field("time_zone", std::string_view(clock.time_zone));
    json.Field("time_server", std::string_view(clock.time_server));
  });
}

}  // namespace

std::expected<Api::OwnersSettings, Response> Api::OwnersSettings::Read(std::string_view body) {
  OwnersSettings settings;
  auto read = ReadBody(body, {{"name", &settings.name, kMostNameBytes},
                              {"place", &settings.place, kMostNameBytes},
                              {"open_reading", &settings.opened.reading},
                              {"open_audio", &settings.opened.audio}});
  if (!read) return std::unexpected(std::move(read.error()));
  if (settings.name.empty()) return std::unexpected(Problem(422, "a name has at least one character", "/name"));
  return settings;
}

void Api::OwnersSettings::Write(base::JsonWriter& json) const {
  json.Field("name", std::string_view(name));
  json.Field("place", std::string_view(place));
  json.Field("open_reading", opened.reading);
  json.Field("open_audio", opened.audio);
}

std::string Api::OwnersSettings::Tag() const {
  return EntityTag([this](base::JsonWriter& json) { Write(json); });
}

void Api::LoadSettings() {
  const std::vector<uint8_t> stored = device_.services().settings().Load(kSettingsKey);
  auto settings = OwnersSettings::Read({reinterpret_cast<const char*>(stored.data()), stored.size()});
  configured_ = settings.has_value();
  settings_ = configured_ ? *std::move(settings) : OwnersSettings{.name = kFirstName, .place = {}, .opened = {}};
  UseSettings();
}

void Api::UseSettings() {
  access_.Open(settings_.opened);
  home_.SetNaming({settings_.name, settings_.place});
}

Response Api::GetSession(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  auto rights = access_.RightsOf(call.request);
  if (!rights) return std::move(rights.error());
  return JsonAnswer([&](base::JsonWriter& json) {
    json.Field("name", std::string_view(settings_.name));
    json.Field("owner", rights->change);
    json.Field("read", rights->read);
    json.Field("listen", rights->listen);
  });
}

Response Api::PostSession(const Call& call) {
  std::string token;
  if (auto read = ReadBody(call.request.body, {{"token", &token, listening::OwnerToken::kMostBytes}}); !read)
    return std::move(read.error());
  return access_.Login(call.request, token);
}

Response Api::DeleteSession(const Call&) { return Access::Logout(); }

Response Api::PutToken(const Call& call) {
  std::string token;
  if (auto read = ReadBody(call.request.body, {{"token", &token, listening::OwnerToken::kMostBytes}}); !read)
    return std::move(read.error());
  if (const auto set = owner_.Set(token); !set) return Problem(set.error());
  return NothingToSay();
}

Response Api::GetSettings(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  Response response = JsonAnswer([this](base::JsonWriter& json) {
    settings_.Write(json);
    json.Field("configured", configured_);
  });
  response.headers.push_back({"ETag", settings_.Tag()});
  return response;
}

Response Api::PutSettings(const Call& call) {
  auto settings = OwnersSettings::Read(call.request.body);
  if (!settings) return std::move(settings.error());
  if (auto refusal = Mismatch(call.request, settings_.Tag())) return *std::move(refusal);
  const std::string text = JsonObject([&](base::JsonWriter& json) { settings->Write(json); });
  const std::span bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  if (const auto kept = device_.services().settings().Store(kSettingsKey, bytes); !kept)
    return Problem(503, "the settings cannot be stored: " + kept.error());
  settings_ = *std::move(settings);
  configured_ = true;
  UseSettings();
  return GetSettings(call);
}

Response Api::GetClock(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  Response response = JsonAnswer([this](base::JsonWriter& json) { device_.local_clock().Write(json); });
  response.headers.push_back({"ETag", Tag(device_.local_clock().settings())});
  return response;
}

Response Api::PutClock(const Call& call) {
  using Clock = listening::LocalClock;
  Clock::Settings clock;
  if (auto read = ReadBody(call.request.body, {{"time_zone", &clock.time_zone, Clock::kMostZoneBytes},
                                               {"time_server", &clock.time_server, Clock::kMostServerBytes}});
      !read) {
    return std::move(read.error());
  }
  if (auto refusal = Mismatch(call.request, Tag(device_.local_clock().settings()))) return *std::move(refusal);
  if (const auto set = device_.local_clock().Set(clock); !set) return Problem(set.error());
  return GetClock(call);
}

Response Api::PostMute(const Call& call) {
  bool muted = false;
  if (auto read = ReadBody(call.request.body, {{"muted", &muted}}); !read) return std::move(read.error());
  if (const auto set = device_.mute().Set(muted); !set) return Problem(set.error());
  return NothingToSay();
}

}  // namespace device_api

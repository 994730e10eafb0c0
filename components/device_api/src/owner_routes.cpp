// SPDX-License-Identifier: Apache-2.0
// What is the owner's: session, token, settings.
#include "answers.h"
#include "body.h"
#include "device_api/api.h"
#include "target.h"

namespace device_api {
namespace {

constexpr char kSettingsKey[] = "device_api/set";
constexpr char kFirstName[] = "YAMNet";
constexpr size_t kMostNameBytes = 64;

std::expected<void, Response> ReadSettings(std::string_view body, std::string& name, Opened& opened) {
  auto read = ReadBody(
      body, {{"name", &name, kMostNameBytes}, {"open_reading", &opened.reading}, {"open_audio", &opened.audio}});
  if (read && name.empty()) return std::unexpected(Problem(422, "a name has at least one character", "/name"));
  return read;
}

void WriteSettings(base::JsonWriter& json, std::string_view name, const Opened& opened) {
  json.Field("name", name);
  json.Field("open_reading", opened.reading);
  json.Field("open_audio", opened.audio);
}

}  // namespace

void Api::LoadSettings() {
  const std::vector<uint8_t> stored = device_.services().settings().Load(kSettingsKey);
  std::string name;
  Opened opened;
  const std::string_view text(reinterpret_cast<const char*>(stored.data()), stored.size());
  const bool valid = !stored.empty() && ReadSettings(text, name, opened).has_value();
  name_ = valid ? name : kFirstName;
  access_.Open(valid ? opened : Opened{});
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
  return JsonAnswer([this](base::JsonWriter& json) { WriteSettings(json, name_, access_.opened()); });
}

Response Api::PutSettings(const Call& call) {
  std::string name;
  Opened opened;
  if (auto read = ReadSettings(call.request.body, name, opened); !read) return std::move(read.error());
  Response answer = JsonAnswer([&](base::JsonWriter& json) { WriteSettings(json, name, opened); });
  const std::span bytes(reinterpret_cast<const uint8_t*>(answer.body.data()), answer.body.size());
  if (const auto kept = device_.services().settings().Store(kSettingsKey, bytes); !kept)
    return Problem(503, "the settings cannot be stored: " + kept.error());
  name_ = std::move(name);
  access_.Open(opened);
  return answer;
}

}  // namespace device_api

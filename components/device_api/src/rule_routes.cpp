// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "answers.h"
#include "body.h"
#include "device_api/api.h"
#include "entity_tag.h"
#include "target.h"

namespace device_api {
namespace {

Response Counted(size_t rules, uint32_t tag) {
  Response response = JsonAnswer([&](base::JsonWriter& json) { json.Field("rules", rules); });
  response.headers.push_back({"ETag", EntityTag(tag)});
  return response;
}

}  // namespace

Response Api::GetRules(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  const auto rules = device_.rules();
  if (!rules) return Problem(rules.error());
  Response response;
  const std::string tag = EntityTag((*rules)->tag());
  response.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-cache"}, {"ETag", tag}};
  if (call.request.if_none_match == tag) {
    response.status = 304;
  } else {
    response.body = (*rules)->document();
  }
  return response;
}

Response Api::PutRules(const Call& call) {
  const auto rules = device_.rules();
  if (!rules) return Problem(rules.error());
  const std::string& wanted = call.request.if_match;
  if (wanted.empty())
    return Problem(428, "If-Match: say by its ETag which rules these replace, or * for whatever is there");
  if (const auto checked = (*rules)->Parse(call.request.body); !checked)
    return Problem(422, checked.error().message, checked.error().path);
  const uint32_t tag = (*rules)->tag();
  if (wanted != "*" && wanted != EntityTag(tag))
    return Problem(412, "other rules are in force by now: read them first");
  const auto set = (*rules)->Set(call.request.body, wanted == "*" ? std::nullopt : std::optional(tag));
  if (!set) return Problem(set.error());
  return Counted(*set, (*rules)->tag());
}

Response Api::CheckRules(const Call& call) {
  const auto rules = device_.rules();
  if (!rules) return Problem(rules.error());
  const auto checked = (*rules)->Parse(call.request.body);
  if (!checked) return Problem(422, checked.error().message, checked.error().path);
  return JsonAnswer([&](base::JsonWriter& json) { json.Field("rules", checked->rules().size()); });
}

Response Api::PostPresets(const Call&) {
  const auto rules = device_.rules();
  if (!rules) return Problem(rules.error());
  const auto set = (*rules)->SetPresets();
  if (!set) return Problem(set.error());
  return Counted(*set, (*rules)->tag());
}

Response Api::GetRuleStates(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  const auto rules = device_.rules();
  if (!rules) return Problem(rules.error());
  const listening::WatchState watch = (*device_.watch())->state();
  return JsonAnswer([&](base::JsonWriter& json) {
    json.Field("source", (*rules)->stored() ? "stored" : "presets");
    json.Key("rules");
    json.BeginArray();
    for (const auto& each : (*rules)->switches()) {
      const auto running = std::ranges::find(watch.rules, each.name, &listening::WatchState::Rule::name);
      json.BeginObject();
      json.Field("name", std::string_view(each.name));
      json.Field("enabled", each.on);
      json.Key("running");
      if (running == watch.rules.end()) {
        json.Value(nullptr);
      } else {
        listening::WriteRule(*running, json);
      }
      json.EndObject();
    }
    json.EndArray();
  });
}

Response Api::PutRuleEnabled(const Call& call) {
  bool enabled = false;
  if (auto read = ReadBody(call.request.body, {{"enabled", &enabled}}); !read) return std::move(read.error());
  const auto rules = device_.rules();
  if (!rules) return Problem(rules.error());
  const auto switches = (*rules)->switches();
  if (std::ranges::find(switches, call.names[0], &listening::RuleService::Switch::name) == switches.end())
    return Problem(404, "there is no rule of that name");
  if (const auto turned = (*rules)->Turn(call.names[0], enabled); !turned) return Problem(turned.error());
  return NothingToSay();
}

}  // namespace device_api

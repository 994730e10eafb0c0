// SPDX-License-Identifier: Apache-2.0
// What was heard in the last hour or day.
#include <array>

#include "answers.h"
#include "clip_store/clip_name.h"
#include "device_api/api.h"
#include "rule_preview.h"
#include "target.h"

namespace device_api {
namespace {

constexpr int64_t kDayS = 86'400;
constexpr size_t kMostSteps = 2000;

void WriteCurve(base::JsonWriter& json, const char* name, const std::vector<LevelHistory::Step>& steps,
                int16_t LevelHistory::Step::*value) {
  json.Key(name);
  json.BeginArray();
  for (const LevelHistory::Step& step : steps) {
    const int16_t hundredths = step.*value;
    json.Value(hundredths == LevelHistory::kUnknown ? std::nullopt : std::optional(base::Decibels(hundredths)));
  }
  json.EndArray();
}

}  // namespace

Response Api::GetLevels(const Call& call) {
  Query query(call.query);
  const int64_t seconds = query.Integer("seconds", LevelHistory::kStepS, kDayS, 3600);
  const int64_t step_s = query.Integer("step", LevelHistory::kStepS, 3600, LevelHistory::kStepS);
  if (const std::string wrong = query.problem(); !wrong.empty()) return Problem(400, wrong);
  if (step_s % LevelHistory::kStepS != 0) return Problem(400, "step: wants a multiple of 10");
  const auto steps = static_cast<size_t>(seconds / step_s);
  if (steps == 0 || steps > kMostSteps) return Problem(400, "step: seconds / step wants to be between 1 and 2000");
  const LevelHistory::Curve curve = levels_.Latest(steps, static_cast<size_t>(step_s / LevelHistory::kStepS));
  const listening::Services& services = device_.services();
  const auto utc_us = device_.services().UtcUs();
  const int64_t ahead_us = curve.end_s * 1'000'000 - services.UptimeUs();
  return JsonAnswer([&](base::JsonWriter& json) {
    json.Field("step_s", step_s);
    json.Field("uptime_s", curve.end_s);
    json.Field("utc", utc_us ? std::optional(clip_store::UtcText((*utc_us + ahead_us) / 1000)) : std::nullopt);
    WriteCurve(json, "level_dbfs", curve.steps, &LevelHistory::Step::level);
    WriteCurve(json, "floor_dbfs", curve.steps, &LevelHistory::Step::floor);
  });
}

Response Api::PostPreview(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  const auto service = device_.rules();
  if (!service) return Problem(service.error());
  auto rules = (*service)->Parse(call.request.body);
  if (!rules) return Problem(422, rules.error().message, rules.error().path);
  auto stream = RulePreview(device_, patches_, *std::move(rules));
  if (!stream) return Problem(422, stream.error().message, stream.error().path);
  Response response;
  response.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  response.stream = *std::move(stream);
  return response;
}

}  // namespace device_api

// SPDX-License-Identifier: Apache-2.0
#include "answers.h"
#include "body.h"
#include "device_api/api.h"
#include "target.h"

namespace device_api {

Response Api::GetWebhook(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  const home_link::WebhookSettings settings = webhook_.settings();
  const home_link::WebhookDesk::State state = webhook_.state();
  return JsonAnswer([&](base::JsonWriter& json) {
    settings.Write(json);
    json.Field("has_secret", !settings.secret.empty());
    json.Field("waiting", state.waiting);
    json.Field("dropped", state.dropped);
    json.Field("delivered", state.delivered);
    json.Field("last", std::string_view(state.last));
  });
}

Response Api::PutWebhook(const Call& call) {
  auto settings = home_link::WebhookSettings::Read(call.request.body, webhook_.settings().secret);
  if (!settings) return Problem(settings.error());
  if (const auto set = webhook_.Set(*std::move(settings)); !set) return Problem(set.error());
  return GetWebhook(call);
}

Response Api::PostWebhookTest(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  if (!webhook_.settings().on) return Problem(409, "the webhook is off");
  webhook_.WantTest();
  Response response = NothingToSay();
  response.status = 202;
  return response;
}

}  // namespace device_api

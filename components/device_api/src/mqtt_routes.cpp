// SPDX-License-Identifier: Apache-2.0
#include "answers.h"
#include "body.h"
#include "device_api/api.h"
#include "entity_tag.h"
#include "target.h"

namespace device_api {
namespace {

std::string Tag(const home_link::MqttSettings& mqtt) {
  return EntityTag([&](base::JsonWriter& json) { mqtt.Write(json); });
}

}  // namespace

Response Api::GetMqtt(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  const home_link::MqttSettings mqtt = home_.mqtt();
  const home_link::HomeSettings::Connection connection = home_.connection();
  Response response = JsonAnswer([&](base::JsonWriter& json) {
    mqtt.Write(json);
    json.Field("password_set", !mqtt.password.empty());
    json.Field("online", connection.online);
    json.Field("connection", std::string_view(connection.text));
  });
  response.headers.push_back({"ETag", Tag(mqtt)});
  return response;
}

Response Api::PutMqtt(const Call& call) {
  const home_link::MqttSettings before = home_.mqtt();
  auto mqtt = home_link::MqttSettings::Read(call.request.body, before.password);
  if (!mqtt) return Problem(mqtt.error());
  if (auto refusal = Mismatch(call.request, Tag(before))) return *std::move(refusal);
  if (const auto set = home_.Set(*std::move(mqtt)); !set) return Problem(set.error());
  return GetMqtt(call);
}

}  // namespace device_api

// SPDX-License-Identifier: Apache-2.0
#include "answers.h"
#include "body.h"
#include "device_api/api.h"
#include "target.h"

namespace device_api {

Response Api::GetMqtt(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  const home_link::MqttSettings mqtt = home_.mqtt();
  const home_link::HomeSettings::Connection connection = home_.connection();
  return JsonAnswer([&](base::JsonWriter& json) {
    mqtt.Write(json);
    json.Field("password_set", !mqtt.password.empty());
    json.Field("online", connection.online);
    json.Field("connection", std::string_view(connection.text));
  });
}

Response Api::PutMqtt(const Call& call) {
  auto mqtt = home_link::MqttSettings::Read(call.request.body, home_.mqtt().password);
  if (!mqtt) return Problem(mqtt.error());
  if (const auto set = home_.Set(*std::move(mqtt)); !set) return Problem(set.error());
  return GetMqtt(call);
}

}  // namespace device_api

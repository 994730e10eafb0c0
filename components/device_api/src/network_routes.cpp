// SPDX-License-Identifier: Apache-2.0
// How the device is connected, and which networks it may join.
#include "answers.h"
#include "body.h"
#include "device_api/api.h"
#include "network/station.h"
#include "target.h"

namespace device_api {
namespace {

using network::Station;

constexpr char kNoRadio[] = "this device has no Wi-Fi";

std::string NetworksText(const std::vector<network::Seen>& seen) {
  return JsonObject([&](base::JsonWriter& json) {
    json.Key("networks");
    json.BeginArray();
    for (const network::Seen& each : seen) {
      json.BeginObject();
      json.Field("ssid", std::string_view(each.ssid));
      json.Field("rssi_dbm", each.rssi_dbm);
      json.Field("secure", each.secure);
      json.Field("channel", each.channel);
      json.EndObject();
    }
    json.EndArray();
  });
}

/// What a scan finds, once it is over.
class ScanStream final : public Stream {
 public:
  explicit ScanStream(Station& station) : station_(station), scan_(station.RequestScan()) {}

  bool Next(std::string& out) override {
    const auto found = station_.Found(scan_);
    if (!found) return true;
    out = NetworksText(*found);
    return false;
  }

 private:
  Station& station_;
  uint32_t scan_;
};

void WriteStation(Station& station, bool tell_password, base::JsonWriter& json) {
  station.settings().wifi().Write(json);
  const network::AccessPoint setup = station.setup();
  json.Key("setup");
  json.BeginObject();
  json.Field("ssid", std::string_view(setup.ssid));
  json.Field("password", tell_password ? std::optional(std::string_view(setup.password)) : std::nullopt);
  json.EndObject();
  static constexpr const char* kAttempts[] = {"none", "trying", "joined", "failed"};
  const Station::Attempt attempt = station.attempt();
  json.Key("attempt");
  json.BeginObject();
  json.Field("state", kAttempts[static_cast<size_t>(attempt.kind)]);
  json.Field("reason", std::string_view(attempt.why));
  json.EndObject();
}

}  // namespace

Response Api::GetNetwork(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  const auto rights = access_.RightsOf(call.request);
  const bool owner = rights && rights->change;
  return JsonAnswer([&](base::JsonWriter& json) {
    listening::WriteNetwork(network_.status(), json);
    if (Station* const station = network_.station()) return WriteStation(*station, owner, json);
    json.Field("country", nullptr);
    json.Key("known");
    json.BeginArray();
    json.EndArray();
    json.Field("setup", nullptr);
    json.Field("attempt", nullptr);
  });
}

Response Api::PutNetwork(const Call& call) {
  Station* const station = network_.station();
  if (station == nullptr) return Problem(409, kNoRadio);
  auto wifi = network::Wifi::Read(call.request.body, station->settings().wifi());
  if (!wifi) return Problem(wifi.error());
  if (const auto set = station->settings().Set(*std::move(wifi)); !set) return Problem(set.error());
  return GetNetwork(call);
}

Response Api::PostScan(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  Station* const station = network_.station();
  if (station == nullptr) return Problem(503, kNoRadio);
  Response response;
  response.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  response.stream = std::make_unique<ScanStream>(*station);
  return response;
}

Response Api::PostJoin(const Call& call) {
  Station* const station = network_.station();
  if (station == nullptr) return Problem(409, kNoRadio);
  network::KnownNetwork wanted;
  if (auto read =
          ReadBody(call.request.body, {{"ssid", &wanted.ssid, network::KnownNetwork::kMostSsidBytes},
                                       {"password", &wanted.password, network::KnownNetwork::kMostPasswordBytes}});
      !read) {
    return std::move(read.error());
  }
  if (const auto joining = station->Join(std::move(wanted)); !joining) return Problem(joining.error());
  Response response = NothingToSay();
  response.status = 202;
  return response;
}

}  // namespace device_api

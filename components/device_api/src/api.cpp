// SPDX-License-Identifier: Apache-2.0
#include "device_api/api.h"

#include <array>

#include "answers.h"
#include "network/station.h"
#include "page.h"
#include "target.h"

namespace device_api {
namespace {

/// Whether a path is of a route's form; the parts that stand for '*' are put in `names`.
bool Fits(std::string_view form, std::span<const std::string> path, std::vector<std::string>& names) {
  names.clear();
  for (const std::string& part : path) {
    if (form.empty()) return false;
    const size_t slash = form.find('/');
    const std::string_view expected = form.substr(0, slash);
    form = slash == std::string_view::npos ? std::string_view() : form.substr(slash + 1);
    if (expected == "*") {
      names.push_back(part);
    } else if (expected != part) {
      return false;
    }
  }
  return form.empty();
}

/// What the answer to HEAD leaves out.
void DropBody(Response& response) {
  if (!response.stream) response.length = response.body.size();
  response.body.clear();
  response.stream.reset();
}

}  // namespace

Api::Api(listening::Device& device, listening::OwnerToken& owner, const listening::LogLines& log,
         network::Network& network, update::Updates& updates, const Memory& memory)
    : device_(device),
      owner_(owner),
      log_(log),
      network_(network),
      updates_(updates),
      access_(device.services(), owner),
      scores_(device.services()),
      patches_(device, memory.patches),
      levels_(device, memory.levels),
      peaks_(device.services().MakeLock()),
      home_(device.services()),
      webhook_(device.services()) {
  LoadSettings();
  device_.Add(scores_);
  device_.Add(patches_);
  device_.Add(levels_);
}

// In the order of openapi.json.
const std::span<const Api::Route> Api::kRoutes = [] {
  static constexpr std::array routes = std::to_array<Api::Route>({
      {"GET", "status", Wish::kRead, &Api::GetStatus},
      {"GET", "classes", Wish::kRead, &Api::GetClasses},
      {"GET", "scores", Wish::kRead, &Api::GetScores},
      {"GET", "levels", Wish::kRead, &Api::GetLevels},
      {"GET", "audio.wav", Wish::kListen, &Api::GetAudio},
      {"GET", "events", Wish::kRead, &Api::GetEvents},
      {"GET", "clips", Wish::kListen, &Api::GetClips},
      {"GET", "clips/*", Wish::kListen, &Api::GetClip},
      {"GET", "clips/*/peaks.json", Wish::kListen, &Api::GetPeaks},
      {"GET", "clips/*/digest.json", Wish::kListen, &Api::GetClipDigest},
      {"DELETE", "clips/*", Wish::kChange, &Api::DeleteClip},
      {"PUT", "clips/*/star", Wish::kChange, &Api::PutStar},
      {"POST", "storage/*/format", Wish::kChange, &Api::PostFormat},
      {"GET", "rules", Wish::kRead, &Api::GetRules},
      {"PUT", "rules", Wish::kChange, &Api::PutRules},
      {"POST", "rules/check", Wish::kRead, &Api::CheckRules},
      {"POST", "rules/preview", Wish::kRead, &Api::PostPreview},
      {"POST", "rules/presets", Wish::kChange, &Api::PostPresets},
      {"GET", "rules/states", Wish::kRead, &Api::GetRuleStates},
      {"PUT", "rules/*/enabled", Wish::kChange, &Api::PutRuleEnabled},
      {"GET", "settings", Wish::kRead, &Api::GetSettings},
      {"PUT", "settings", Wish::kChange, &Api::PutSettings},
      {"GET", "clock", Wish::kRead, &Api::GetClock},
      {"PUT", "clock", Wish::kChange, &Api::PutClock},
      {"POST", "mute", Wish::kChange, &Api::PostMute},
      {"GET", "network", Wish::kRead, &Api::GetNetwork, true},
      {"PUT", "network", Wish::kChange, &Api::PutNetwork},
      {"POST", "network/scan", Wish::kChange, &Api::PostScan, true},
      {"POST", "network/join", Wish::kChange, &Api::PostJoin, true},
      {"GET", "mqtt", Wish::kRead, &Api::GetMqtt},
      {"PUT", "mqtt", Wish::kChange, &Api::PutMqtt},
      {"GET", "webhook", Wish::kChange, &Api::GetWebhook},
      {"PUT", "webhook", Wish::kChange, &Api::PutWebhook},
      {"POST", "webhook/test", Wish::kChange, &Api::PostWebhookTest},
      {"GET", "update", Wish::kRead, &Api::GetUpdate},
      {"PUT", "update/firmware", Wish::kChange, &Api::PutUpdate},
      {"POST", "update/firmware/back", Wish::kChange, &Api::PostBack},
      {"PUT", "update/model", Wish::kChange, &Api::PutUpdate},
      {"POST", "update/model/back", Wish::kChange, &Api::PostBack},
      {"PUT", "update/key", Wish::kChange, &Api::PutUpdateKey},
      {"GET", "session", std::nullopt, &Api::GetSession},
      {"POST", "session", std::nullopt, &Api::PostSession},
      {"DELETE", "session", std::nullopt, &Api::DeleteSession},
      {"PUT", "token", Wish::kChange, &Api::PutToken},
      {"GET", "log", Wish::kChange, &Api::GetLog},
      {"GET", "metrics", Wish::kRead, &Api::GetMetrics},
      {"POST", "restart", Wish::kChange, &Api::PostRestart},
      {"GET", "openapi.json", std::nullopt, &Api::GetDescription},
  });
  return std::span<const Api::Route>(routes);
}();

Response Api::Handle(const Request& request) {
  Response response = Unsniffed(Serve(request));
  if (request.method == "HEAD") DropBody(response);
  return response;
}

Response Api::Serve(const Request& request) {
  if (request.body.size() > Request::kMostBodyBytes) {
    return Problem(413, "the body has more than " + std::to_string(Request::kMostBodyBytes) + " bytes");
  }
  auto target = Target::Parse(request.target);
  if (!target) return Problem(400, target.error());
  const std::span<const std::string> path(target->path);
  if (auto shown = ShowPortal(request, path)) return *std::move(shown);
  if (path.size() < 3 || path[0] != "api" || path[1] != "v1") {
    if (auto refusal = access_.Refusal(request, std::nullopt)) return *std::move(refusal);
    return ServePage(request, path);
  }
  const std::string_view method = request.method == "HEAD" ? std::string_view("GET") : request.method;
  std::string allowed;
  Call call{request, {}, std::move(target->query)};
  for (const Route& route : kRoutes) {
    if (!Fits(route.path, path.subspan(2), call.names)) continue;
    if (method == route.method) {
      const bool open = route.guests && IsGuest(request);
      if (auto refusal = access_.Refusal(request, open ? std::nullopt : route.wish)) return *std::move(refusal);
      return (this->*route.serve)(call);
    }
    (allowed += allowed.empty() ? "" : ", ") += route.method;
  }
  if (allowed.empty()) return Problem(404, "there is nothing of this name");
  Response response = Problem(405, "this is not to be done with it; Allow has what is");
  response.headers.push_back({"Allow", allowed});
  return response;
}

/// Phones ask names of their own whether there is the internet (/generate_204, /hotspot-detect.html, /ncsi.txt), and
/// show what they are sent to instead. A page of another site cannot use that: it is sent away from the API, too.
std::optional<Response> Api::ShowPortal(const Request& request, std::span<const std::string> path) const {
  if ((request.method != "GET" && request.method != "HEAD") || !IsGuest(request)) return std::nullopt;
  const std::string portal = network_.station()->portal();
  const bool own = portal.find("//" + request.host + "/") != std::string::npos;
  if (Access::IsLocalName(request.host) && !(own && path.empty())) return std::nullopt;
  Response response;
  response.status = 302;
  response.headers = {{"Location", portal}, {"Cache-Control", "no-store"}};
  return response;
}

bool Api::IsGuest(const Request& request) const {
  network::Station* const station = network_.station();
  return station != nullptr && station->IsGuest(request.peer);
}

Response Api::Busy(std::string_view detail) { return Problem(503, detail); }

Response Api::NeedClips(const std::function<Response(clip_store::ClipStore&)>& serve) {
  if (listening::ClipKeeper* const clips = device_.clips()) return serve(clips->store());
  return Problem(503, device_.boot().WhyNot(listening::kClipsStep));
}

}  // namespace device_api

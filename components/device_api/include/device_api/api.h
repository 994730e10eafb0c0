// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "device_api/access.h"
#include "device_api/http.h"
#include "device_api/level_history.h"
#include "device_api/patch_history.h"
#include "device_api/peaks.h"
#include "device_api/score_feed.h"
#include "home_link/settings.h"
#include "home_link/webhook_settings.h"
#include "listening/device.h"
#include "listening/log_lines.h"
#include "network/network.h"
#include "update/updates.h"

namespace device_api {

/// The device over HTTP, as openapi.json has it: requests in, answers or streams out. One task calls it; no request
/// waits for what has not happened yet.
class Api {
 public:
  /// What it remembers in: on the chip PSRAM; there may be none.
  struct Memory {
    std::span<PatchHistory::Patch> patches;
    std::span<LevelHistory::Step> levels;
  };
  static constexpr size_t kHourOfPatches = 7500;
  static constexpr size_t kDayOfLevels = 8640;

  /// All outlive the API and its streams. To be made before the device listens.
  Api(listening::Device& device, listening::OwnerToken& owner, const listening::LogLines& log,
      network::Network& network, update::Updates& updates, const Memory& memory);

  Response Handle(const Request& request);

  /// Whether a request's body is larger than what Handle() takes, and goes to what Open() gives.
  static bool ComesInPieces(const Request& request);
  /// @return the answer, when none of it is wanted.
  std::expected<std::unique_ptr<Intake>, Response> Open(const Request& request);

  /// The answer to a request that the server has no place for.
  static Response Busy(std::string_view detail);

  /// What the owner has set of MQTT; for whoever connects.
  home_link::HomeSettings& home() { return home_; }
  /// And where he wants events to be posted.
  home_link::WebhookDesk& webhook() { return webhook_; }

  /// Somebody asked for a restart, and was answered. From any task.
  bool restart_requested() const { return restart_requested_; }

 private:
  struct Call {
    const Request& request;
    std::vector<std::string> names;  ///< What stood in the path for each '*'.
    std::map<std::string, std::string> query;
  };
  struct Route {
    const char* method;
    const char* path;          ///< Below /api/v1/.
    std::optional<Wish> wish;  ///< Nothing: for everybody.
    Response (Api::*serve)(const Call&);
    bool guests = false;  ///< Also for who is on the device's own access point.
  };
  static const std::span<const Route> kRoutes;

  /// What the owner has set, as it is stored.
  struct OwnersSettings {
    std::string name;
    std::string place;
    Opened opened;

    static std::expected<OwnersSettings, Response> Read(std::string_view body);
    void Write(base::JsonWriter& json) const;
    std::string Tag() const;  ///< ETag.
  };

  Response Serve(const Request& request);
  std::optional<Response> ShowPortal(const Request& request, std::span<const std::string> path) const;
  bool IsGuest(const Request& request) const;  ///< Whether it comes from somebody on the device's own access point.

  // device_routes.cpp
  Response GetDescription(const Call& call);
  Response GetStatus(const Call& call);
  Response GetClasses(const Call& call);
  Response GetScores(const Call& call);
  Response GetAudio(const Call& call);
  Response GetLog(const Call& call);
  Response GetMetrics(const Call& call);
  Response PostRestart(const Call& call);

  // owner_routes.cpp
  Response GetSession(const Call& call);
  Response PostSession(const Call& call);
  Response DeleteSession(const Call& call);
  Response PutToken(const Call& call);
  Response GetSettings(const Call& call);
  Response PutSettings(const Call& call);
  Response GetClock(const Call& call);
  Response PutClock(const Call& call);
  Response PostMute(const Call& call);

  // network_routes.cpp
  Response GetNetwork(const Call& call);
  Response PutNetwork(const Call& call);
  Response PostScan(const Call& call);
  Response PostJoin(const Call& call);

  // mqtt_routes.cpp
  Response GetMqtt(const Call& call);
  Response PutMqtt(const Call& call);

  // webhook_routes.cpp
  Response GetWebhook(const Call& call);
  Response PutWebhook(const Call& call);
  Response PostWebhookTest(const Call& call);

  // update_routes.cpp
  Response GetUpdate(const Call& call);
  Response PutUpdate(const Call& call);
  Response PostBack(const Call& call);
  Response PutUpdateKey(const Call& call);

  // rule_routes.cpp
  Response GetRules(const Call& call);
  Response PutRules(const Call& call);
  Response CheckRules(const Call& call);
  Response PostPresets(const Call& call);
  Response GetRuleStates(const Call& call);
  Response PutRuleEnabled(const Call& call);

  // history_routes.cpp
  Response GetLevels(const Call& call);
  Response PostPreview(const Call& call);

  // event_routes.cpp
  Response GetEvents(const Call& call);

  // clip_routes.cpp
  Response GetClips(const Call& call);
  Response GetClip(const Call& call);
  Response GetPeaks(const Call& call);
  Response GetClipDigest(const Call& call);
  Response DeleteClip(const Call& call);
  Response PutStar(const Call& call);
  Response PostFormat(const Call& call);

  Response NeedClips(const std::function<Response(clip_store::ClipStore&)>& serve);
  void LoadSettings();
  void UseSettings();

  listening::Device& device_;
  listening::OwnerToken& owner_;
  const listening::LogLines& log_;
  network::Network& network_;
  update::Updates& updates_;
  Access access_;
  ScoreFeed scores_;
  PatchHistory patches_;
  LevelHistory levels_;
  PeakCache peaks_;
  home_link::HomeSettings home_;
  home_link::WebhookDesk webhook_;
  OwnersSettings settings_;
  bool configured_ = false;
  std::atomic<bool> restart_requested_ = false;
};

}  // namespace device_api

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/backoff.h"
#include "home_link/house_view.h"
#include "home_link/http_client.h"
#include "home_link/report_queue.h"
#include "home_link/settings.h"
#include "home_link/site.h"
#include "home_link/told_mark.h"
#include "home_link/webhook_settings.h"
#include "listening/device.h"

namespace home_link {

/// Posts each start and end of an event where the owner wants it, one after the other, until the receiver has it
/// (docs/webhook.md). Signed as the Standard Webhooks specification has it, 1.0.0. One task calls it.
class Webhook {
 public:
  static constexpr size_t kMostWaiting = 64;
  static constexpr int64_t kLongestPauseMs = 300'000;

  /// All outlive this. To be made before the device listens.
  Webhook(listening::Device& device, const HomeSettings& names, WebhookDesk& desk, HttpClient& client, Site& site);

  /// To be called several times a second once the boot is over.
  void Tick();

  /// Stores how far it has come; before a restart, after the last Tick().
  void Close() { told_.Save(INT64_MAX); }

 private:
  enum class Sending { kNothing, kReport, kTest, kStale };  ///< kStale: for settings that are no more.

  void FollowSettings(int64_t now_ms);
  void TakeReports(int64_t now_ms);
  void Take(const Answer& answer, int64_t now_ms);
  void Refused(const std::string& why, int64_t now_ms);
  void Send(int64_t now_ms);
  void Begin(Sending what, std::optional<Post> post, int64_t now_ms);
  std::optional<Post> MakePost(std::string id, std::string body, std::optional<int64_t> utc_ms) const;
  void DropFirst();
  void Log(listening::LogLevel level, std::string_view text) const;

  listening::Device& device_;
  WebhookDesk& desk_;
  HttpClient& client_;
  Site& site_;
  HouseView view_;
  ReportQueue reports_;
  ToldMark told_;
  uint32_t revision_ = UINT32_MAX;
  WebhookSettings settings_;
  std::deque<Report> waiting_;
  Sending sending_ = Sending::kNothing;
  bool test_ = false;
  base::Backoff backoff_{1000, kLongestPauseMs};
  int64_t next_ms_ = 0;
  std::string failure_;  ///< That was logged last.
  std::string last_;
  uint32_t dropped_ = 0;
  uint32_t delivered_ = 0;
};

}  // namespace home_link

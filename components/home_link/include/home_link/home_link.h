// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/backoff.h"
#include "home_link/house_view.h"
#include "home_link/link.h"
#include "home_link/report_queue.h"
#include "home_link/settings.h"
#include "home_link/site.h"
#include "home_link/told_mark.h"
#include "home_link/transport.h"
#include "listening/device.h"

namespace home_link {

/// Connects a device with Home Assistant while its settings want that. One task calls it.
class HomeLink final {
 public:
  static constexpr int kKeepaliveS = 30;
  static constexpr int64_t kConnectMs = 30'000;  ///< So long for an answer.
  static constexpr int64_t kShowMs = 1000;

  /// All outlive this. To be made before the device listens.
  HomeLink(listening::Device& device, HomeSettings& settings, Transport& transport, Site& site);

  /// To be called several times a second once the boot is over.
  void Tick();

  /// Says goodbye; before a restart, after the last Tick().
  void Close();

 private:
  void FollowSettings(int64_t now_ms);
  void TakeInputs(int64_t now_ms);
  void Take(const Transport::Input& input, int64_t now_ms);
  void TakeEvents(int64_t now_ms);
  void Fulfil(const Wish& wish);
  void Fail(const std::string& why, int64_t now_ms);
  std::optional<int64_t> UtcMs() const;
  void Log(listening::LogLevel level, std::string_view text) const;

  listening::Device& device_;
  HomeSettings& settings_;
  Transport& transport_;
  Site& site_;
  HouseView view_;
  ReportQueue reports_;
  ToldMark told_;
  uint32_t revision_ = UINT32_MAX;
  MqttSettings mqtt_;
  std::optional<Link> link_;
  base::Backoff backoff_;
  enum class Stage { kWaiting, kConnecting, kOnline } stage_ = Stage::kWaiting;
  int64_t next_ms_ = 0;  ///< When the stage, if it is not kOnline, ends.
  int64_t show_ms_ = 0;
  std::string failure_;  ///< That was told last.
};

}  // namespace home_link

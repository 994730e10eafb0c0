// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "clip_store/event_queue.h"
#include "home_link/link.h"
#include "home_link/settings.h"
#include "home_link/transport.h"
#include "listening/device.h"
#include "listening/event_listener.h"

namespace home_link {

/// What only the place knows that a device runs in.
class Site {
 public:
  virtual ~Site() = default;
  virtual std::string id() const = 0;   ///< Letters, digits, '_' and '-'; never changes.
  virtual std::string url() const = 0;  ///< Of the page, with a '/' at its end; empty where there is none.
  virtual void Restart() = 0;           ///< Soon, not within the call.
  virtual void Identify() = 0;          ///< Shows or says which device it is.
};

/// Connects a device with Home Assistant while its settings want that. Tick() belongs to one task, the rest to any.
class HomeLink final : public listening::EventListener {
 public:
  static constexpr int kKeepaliveS = 30;
  static constexpr int64_t kConnectMs = 30'000;  ///< So long for an answer.
  static constexpr int64_t kShowMs = 1000;
  static constexpr int64_t kClipMs = 3000;  ///< So long an event waits for its clip's name.

  /// All outlive this. To be added to the device's event listeners.
  HomeLink(listening::Device& device, HomeSettings& settings, Transport& transport, Site& site);

  void OnEvent(const sound_events::Event& event) override { events_.Push(event); }

  /// To be called several times a second once the boot is over.
  void Tick();

  /// Says goodbye; before a restart, after the last Tick().
  void Close();

 private:
  /// An event whose clip is not known yet.
  struct Heard {
    sound_events::Event event;
    int64_t at_ms;
  };
  /// What a rule document says that does not change with what is heard.
  struct Rules {
    uint32_t tag;
    std::vector<HouseRule> rules;
  };

  void FollowSettings(int64_t now_ms);
  void TakeInputs(int64_t now_ms);
  void Take(const Transport::Input& input, int64_t now_ms);
  void TakeEvents(int64_t now_ms);
  std::optional<Report> ReportOf(const sound_events::Event& event, bool patient) const;
  void Fulfil(const Wish& wish);
  void Fail(const std::string& why, int64_t now_ms);
  House Look();
  std::optional<int64_t> UtcMs() const;
  void Log(listening::LogLevel level, std::string_view text) const;

  listening::Device& device_;
  HomeSettings& settings_;
  Transport& transport_;
  Site& site_;
  clip_store::EventQueue events_;
  std::deque<Heard> heard_;
  uint32_t revision_ = UINT32_MAX;
  MqttSettings mqtt_;
  std::optional<Link> link_;
  std::optional<Rules> rules_;
  base::Backoff backoff_;
  enum class Stage { kWaiting, kConnecting, kOnline } stage_ = Stage::kWaiting;
  int64_t next_ms_ = 0;  ///< When the stage, if it is not kOnline, ends.
  int64_t show_ms_ = 0;
  std::string failure_;  ///< That was told last.
};

}  // namespace home_link

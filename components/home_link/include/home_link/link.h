// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "home_link/house.h"
#include "home_link/message.h"
#include "home_link/settings.h"

namespace home_link {

/// What somebody in Home Assistant wants.
struct Wish {
  enum class Kind { kArm, kMute, kRestart, kIdentify };
  Kind kind;
  std::string rule;  ///< Of kArm.
  bool on = false;

  bool operator==(const Wish&) const = default;
};

/// What is to be done next with the connection.
struct Step {
  enum class Kind { kSubscribe, kUnsubscribe, kPublish };
  Kind kind;
  uint32_t id;      ///< Of kPublish: what Published() has to name if the message's QoS is 1.
  Message message;  ///< Of the others only the topic, which may have wildcards.
};

/// What is told to Home Assistant, and what it wants: messages and subscriptions, without a connection. Times are
/// uptimes in ms. One task calls it.
///
/// Every retained topic is known with what is wanted there: what changes is published, the latest value only if the
/// broker is slow, and all of it anew after Connected() and when Home Assistant has started. Events are queued: none is
/// forgotten before the broker has it, but the oldest when there are too many.
class Link {
 public:
  static constexpr size_t kMostReports = 64;
  static constexpr size_t kMostInFlight = 16;
  static constexpr size_t kMostPayloadBytes = 48 * 1024;  ///< Of a message that comes in; larger ones are no ours.
  static constexpr int64_t kLookMs = 1000;                ///< For what the broker keeps of earlier runs.
  static constexpr int64_t kLevelsMs = 10'000;
  static constexpr int64_t kDiagnosticsMs = 60'000;
  static constexpr int64_t kComplainMs = 10'000;

  /// @param id  of the device; letters, digits, '_' and '-'.
  Link(std::string_view id, const MqttSettings& settings);
  ~Link();

  // What the device is and hears

  /// To be called every second or so. Does nothing before the broker has told what earlier runs have left there.
  /// @param utc_ms  if the clock is set.
  void Show(const House& house, int64_t now_ms, std::optional<int64_t> utc_ms);
  /// An event of a rule begins or ends. Told at once, while its report may need time.
  void Switch(std::string_view rule, bool on);
  void Add(Report report, int64_t now_ms, std::optional<int64_t> utc_ms);

  // What happens to the connection

  void Connected(int64_t now_ms);
  void Lost();
  void Received(std::string_view topic, std::string_view payload, bool retained, int64_t now_ms);
  void Published(uint32_t id);  ///< The broker has a message whose QoS is 1.

  // What is to be done

  std::optional<Step> Next(int64_t now_ms, std::optional<int64_t> utc_ms);
  std::vector<Wish> TakeWishes() { return std::exchange(wishes_, {}); }
  /// What was wrong with a message that came in, one line; now and then, whatever comes in.
  std::string TakeComplaint() { return std::exchange(complaint_, {}); }

  Message will() const;
  std::vector<Report> TakeReports();  ///< Those that the broker has not.
  /// The report that the broker has got last, since it was asked before.
  std::optional<Report> TakeTold() { return std::exchange(told_, std::nullopt); }
  size_t waiting() const { return reports_.size(); }
  uint32_t dropped() const { return dropped_; }

 private:
  /// A retained topic.
  struct Topic {
    std::string name;
    std::string wanted;
    bool due = true;
    uint32_t flight = 0;               ///< The message on its way; 0: none.
    std::optional<std::string> after;  ///< What is wanted once `wanted` has been sent.
  };
  struct Waiting {
    Report report;
    uint32_t flight = 0;
  };
  struct Parts;

  bool Announce(const House& house);
  void ShowLastReport(int64_t now_ms, std::optional<int64_t> utc_ms);
  void Set(const std::string& name, std::string payload);
  void Pulse(const std::string& name, bool on);
  Topic* Find(std::string_view name);
  void Look(std::string_view topic, std::string_view payload, int64_t now_ms);
  void Command(std::string_view topic, std::string_view payload, int64_t now_ms);
  void Complain(std::string text, int64_t now_ms);
  std::optional<Step> NextTopic();
  Step Publish(Message message, uint32_t& flight);
  std::optional<Step> NextReport(int64_t now_ms, std::optional<int64_t> utc_ms);
  size_t InFlight() const;

  std::unique_ptr<Parts> parts_;
  std::vector<Topic> topics_;  ///< In the order in which they are published.
  std::deque<Waiting> reports_;
  std::optional<Report> last_report_;
  std::optional<Report> told_;
  std::deque<Step> subscriptions_;  ///< To be made.
  std::vector<Wish> wishes_;
  std::string complaint_;
  int64_t complain_from_ms_ = 0;
  bool online_ = false;
  bool looked_ = false;  ///< At what earlier runs have left.
  int64_t look_until_ms_ = 0;
  int64_t levels_from_ms_ = 0;
  int64_t diagnostics_from_ms_ = 0;
  std::string problem_;
  uint32_t last_id_ = 0;
  uint32_t dropped_ = 0;
};

}  // namespace home_link

// SPDX-License-Identifier: Apache-2.0
// What Home Assistant is told of: the device as it is, and what it has heard.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "clip_store/clip_name.h"
#include "listening/device_state.h"
#include "sound_events/event.h"

namespace home_link {

/// What names a device. Those who are told keep it, so only `id` never changes.
struct Identity {
  std::string id;    ///< Letters, digits, '_' and '-'.
  std::string name;  ///< For people, as is the place.
  std::string place;
  std::string url;  ///< Of its page; empty where there is none.

  bool operator==(const Identity&) const = default;
};

/// A rule, whether it is armed or not.
struct HouseRule {
  std::string name;
  std::string title;
  std::string device_class;  ///< Home Assistant's, of a binary sensor.

  bool operator==(const HouseRule&) const = default;
};

/// What can be replaced over the air.
struct Updatable {
  std::string installed;       ///< Its version.
  std::optional<int> percent;  ///< Of a replacement that goes on.
  std::string summary;         ///< How the last one went; empty: there was none.
};

/// The device at one moment.
struct House {
  Identity identity;
  std::vector<HouseRule> rules;
  std::vector<std::string> armed;  ///< Names.
  uint32_t missed = 0;             ///< Events that nobody could be told of.
  listening::DeviceState state;
  std::optional<Updatable> firmware = std::nullopt;  ///< Where it can be replaced over the air.
  std::optional<Updatable> model = std::nullopt;
};

/// An event's start or end.
struct Report {
  struct Class {
    std::string name;
    float p;
  };

  static constexpr int64_t kLateMs = 5000;

  /// Whether it is told so late that nobody should act on it as if it were now.
  bool late(int64_t now_ms) const {
    return earlier || now_ms - (start.uptime_ms + static_cast<int64_t>(duration_s * 1000)) > kLateMs;
  }

  bool earlier = false;  ///< Of an earlier run: its uptime is no time of this one.
  std::string id;        ///< As journal and clips call it.
  sound_events::EventKind kind;
  std::string rule;
  clip_store::EventTime start;
  float duration_s;    ///< So far.
  std::string reason;  ///< Of an end.
  float peak;
  float mean;
  base::CentiDecibels level;
  base::CentiDecibels floor;
  std::vector<Class> top;  ///< Strongest first.
  std::string clip;        ///< Empty where there is none.
};

}  // namespace home_link

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "listening/error.h"
#include "listening/services.h"

namespace listening {

/// @return the rule that a zone of the IANA database keeps, as POSIX writes it for TZ; nothing where there is no such
///         zone.
std::optional<std::string_view> TimeZoneRule(std::string_view name);

/// The time, and what the owner wants of it: zone, and whom to ask. What he wants is kept over restarts. From any task.
class LocalClock {
 public:
  struct Settings {
    std::string time_zone;    ///< Of the IANA database, as "Europe/Berlin"; empty: what the place has.
    std::string time_server;  ///< Host name or address of an NTP server.
  };
  static constexpr char kTimeServer[] = "pool.ntp.org";
  static constexpr size_t kMostZoneBytes = 64;
  static constexpr size_t kMostServerBytes = 253;

  /// @param services  outlives this.
  explicit LocalClock(Services& services);

  /// Takes up what was set before the restart.
  void Load();

  Settings settings() const;

  /// @return kRefused for what is no zone or no host; kFailed when it cannot be stored. What was set before stays then.
  std::expected<void, Error> Set(const Settings& settings);

  /// Sets the time, where no network does.
  /// @param utc_ms  since 1970.
  /// @return kRefused for a time that cannot be; kFailed where the clock is not the device's own.
  std::expected<void, Error> SetUtc(int64_t utc_ms);

  /// Time, zone and server as fields, without braces.
  void Write(base::JsonWriter& json) const;

 private:
  void Use(const Settings& settings);

  Services& services_;
  std::unique_ptr<base::Lock> lock_;
  Settings settings_{.time_zone = {}, .time_server = kTimeServer};
};

}  // namespace listening

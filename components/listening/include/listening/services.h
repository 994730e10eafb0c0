// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/lock.h"

namespace listening {

/// What survives a restart, by key: on the chip NVS. May be called from any task.
class Settings {
 public:
  virtual ~Settings() = default;
  /// @return empty when nothing is stored under the key.
  virtual std::vector<uint8_t> Load(const char* key) = 0;
  /// The old value or the new one is there after a power cut, never neither.
  /// @return why the value is not stored, in words.
  virtual std::expected<void, std::string> Store(const char* key, std::span<const uint8_t> value) = 0;
  /// Well, too, when there was nothing.
  virtual std::expected<void, std::string> Forget(const char* key) = 0;
};

struct DeviceState;

enum class LogLevel { kInfo, kWarning, kError };

/// What a device needs of the place it runs in: a chip, ESP-IDF's Linux target, a program on a PC. May be called from
/// any task.
class Services {
 public:
  virtual ~Services() = default;

  virtual std::unique_ptr<base::Lock> MakeLock() = 0;
  virtual Settings& settings() = 0;

  virtual int64_t UptimeUs() const = 0;              ///< Never goes back.
  virtual std::optional<int64_t> UtcUs() const = 0;  ///< Since 1970; nothing before somebody has set the clock.
  /// @return why not, in words.
  virtual std::expected<void, std::string> SetUtc(int64_t utc_us) = 0;
  virtual int MinuteOfDay() const = 0;  ///< Local time, 0 to 1439; -1 before the clock is set.
  /// @param zone    of the IANA database; empty: what the place has.
  /// @param rule    the zone's, as POSIX has it.
  /// @param server  whom to ask for the time, where nobody else sets the clock.
  virtual void SetClock(std::string_view zone, std::string_view rule, std::string_view server) = 0;

  virtual void FillRandom(std::span<uint8_t> bytes) = 0;  ///< Fit for secrets.
  virtual void Log(LogLevel level, const char* tag, std::string_view text) = 0;

  /// Adds what only this place knows: firmware, target, audio, memory, tasks.
  virtual void Describe(DeviceState& state) const = 0;
};

}  // namespace listening

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/json_object.h"
#include "listening/error.h"
#include "listening/services.h"

namespace home_link {

/// Settings as the owner has chosen them, kept over restarts as JSON. From any task.
///
/// `Value` has Read(json, secret) and WriteWhole(json), which writes the secret too; made by default it is off.
template <typename Value>
class OwnersChoice {
 public:
  /// @param services  outlives this.
  /// @param key       of the device's settings.
  /// @param tag       of a line of the log, when what is stored is refused.
  OwnersChoice(listening::Services& services, const char* key, const char* tag)
      : services_(services), key_(key), lock_(services.MakeLock()) {
    const std::vector<uint8_t> stored = services.settings().Load(key);
    if (stored.empty()) return;
    auto read = Value::Read({reinterpret_cast<const char*>(stored.data()), stored.size()}, {});
    if (read) {
      value_ = *std::move(read);
    } else {
      services.Log(listening::LogLevel::kError, tag,
                   "the stored settings are refused, it is off: " + read.error().path + ": " + read.error().message);
    }
  }

  Value value() const {
    const std::lock_guard guard(*lock_);
    return value_;
  }

  uint32_t revision() const { return revision_; }  ///< Changes with value().

  /// @return kFailed when it cannot be stored; the old one stays then.
  std::expected<void, listening::Error> Set(Value value) {
    const std::string text = base::JsonObject([&](base::JsonWriter& json) { value.WriteWhole(json); });
    const std::span bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
    if (const auto kept = services_.settings().Store(key_, bytes); !kept) {
      return std::unexpected(
          listening::Error{listening::ErrorCode::kFailed, "the settings cannot be stored: " + kept.error()});
    }
    const std::lock_guard guard(*lock_);
    value_ = std::move(value);
    ++revision_;
    return {};
  }

 private:
  listening::Services& services_;
  const char* key_;
  std::unique_ptr<base::Lock> lock_;
  Value value_;
  std::atomic<uint32_t> revision_ = 0;
};

}  // namespace home_link

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "base/json_writer.h"
#include "listening/clip_keeper.h"
#include "listening/model_service.h"
#include "log_mel/patch_stream.h"
#include "serial_console/error.h"
#include "serial_console/event_device.h"

namespace serial_console {

/// What the console needs of the thing it speaks for: a board, or a program that stands in for one. Everything is
/// called from the console's task. Errors are kNotReady, kBusy or kFailed, with a message that says what and why.
class Device {
 public:
  virtual ~Device() = default;

  virtual void WriteInfo(base::JsonWriter& json) = 0;  ///< The fields of @info, without braces.

  virtual size_t patch_values() const = 0;  ///< int8 values in one patch.
  virtual size_t classes() const = 0;       ///< int8 values in one set of scores; at most sound_model's kMostClasses.

  /// @param patch   patch_values() values, as they go into the model.
  /// @param scores  receives classes() values, as they come out.
  /// @return microseconds that the inference took.
  virtual std::expected<uint32_t, Error> Score(std::span<const int8_t> patch, std::span<int8_t> scores) = 0;
  virtual std::expected<listening::Profile, Error> ProfileOps() = 0;
  virtual std::expected<listening::SelfTestResult, Error> SelfTest() = 0;

  /// A front end that is the console's own, in any state.
  virtual std::expected<log_mel::PatchStream*, Error> FrontEnd() = 0;
  /// While held, live input is not scored.
  virtual void HoldLiveInput(bool hold) = 0;

  /// The latest sound of the microphone, or why there is none.
  virtual std::expected<const clip_store::SampleRing*, Error> Sound() = 0;

  /// The part that turns scores into events, or why there is none.
  virtual std::expected<EventDevice*, Error> Events() = 0;

  /// Has a volume formatted that holds something else than events; what became of it is told by @events.
  /// @return kBadArgument for one that needs no format or may not be formatted.
  virtual std::expected<void, Error> FormatStorage(std::string_view volume) = 0;

  virtual void WriteTime(base::JsonWriter& json) = 0;  ///< The fields of @time, without braces.
  /// @param utc_ms  since 1970.
  /// @return kBadArgument for a time that cannot be; kFailed where the clock is not the device's.
  virtual std::expected<void, Error> SetUtc(int64_t utc_ms) = 0;
  virtual std::expected<void, Error> SetTimeZone(std::string_view name) = 0;

  /// The owner's token: who is at the console is the owner.
  virtual std::expected<std::string, Error> OwnerToken() = 0;
  virtual std::expected<void, Error> RenewOwnerToken() = 0;
  /// The password of the device's own Wi-Fi; empty where it has none.
  virtual std::string SetupPassword() { return ""; }
};

}  // namespace serial_console

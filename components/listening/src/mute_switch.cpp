// SPDX-License-Identifier: Apache-2.0
#include "listening/mute_switch.h"

#include <array>

namespace listening {
namespace {

constexpr char kKey[] = "listening/muted";
constexpr char kTag[] = "mute";

}  // namespace

void MuteSwitch::Load() { on_ = !services_.settings().Load(kKey).empty(); }

std::expected<void, Error> MuteSwitch::Set(bool on) {
  if (on && !on_.exchange(true)) services_.Log(LogLevel::kWarning, kTag, "the microphone is off");
  constexpr std::array<uint8_t, 1> kOn{1};
  const auto kept = on ? services_.settings().Store(kKey, kOn) : services_.settings().Forget(kKey);
  if (!kept) {
    return std::unexpected(
        Error{ErrorCode::kFailed, "the microphone is off, but that cannot be stored: " + kept.error()});
  }
  if (!on && on_.exchange(false)) services_.Log(LogLevel::kWarning, kTag, "the microphone is on again");
  return {};
}

}  // namespace listening

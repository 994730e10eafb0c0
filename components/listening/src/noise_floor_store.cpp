// SPDX-License-Identifier: Apache-2.0
#include "listening/noise_floor_store.h"

namespace listening {
namespace {

constexpr char kTag[] = "floor";
constexpr char kKey[] = "sound_events/floor";

}  // namespace

bool LoadFloor(Services& services, sound_events::NoiseFloor& floor) {
  const std::vector<uint8_t> state = services.settings().Load(kKey);
  if (state.empty()) return false;
  const auto restored = floor.Restore(state);
  if (!restored) services.Log(LogLevel::kWarning, kTag, restored.error().Text());
  return restored.has_value();
}

void StoreFloor(Services& services, const EventWatch& watch) {
  const sound_events::NoiseFloor floor = watch.floor();
  if (!floor.warmed_up()) return;
  const sound_events::NoiseFloor::State state = floor.Save();
  if (const auto kept = services.settings().Store(kKey, state); !kept) {
    services.Log(LogLevel::kWarning, kTag, "the noise floor is not stored: " + kept.error());
  }
}

}  // namespace listening

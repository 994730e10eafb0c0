// SPDX-License-Identifier: Apache-2.0
#include "sound_events/presets.h"

namespace sound_events {
namespace {

constexpr Preset kPresets[] = {
#include "presets.inc"
};

}  // namespace

std::span<const Preset> Presets() { return kPresets; }

}  // namespace sound_events

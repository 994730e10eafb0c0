// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sound_events {

/// A rule document that ships with the device: presets/<name>.json.
struct Preset {
  std::string_view name;
  std::string_view json;
};

/// All of them, in alphabetical order.
std::span<const Preset> Presets();

/// All of them as one rule document.
std::string PresetDocument();

}  // namespace sound_events

// SPDX-License-Identifier: Apache-2.0
#include "sound_events/presets.h"

namespace sound_events {
namespace {

constexpr Preset kPresets[] = {
#include "presets.inc"
};

}  // namespace

std::span<const Preset> Presets() { return kPresets; }

std::string PresetDocument() {
  std::string document = "{\"schema\": 1, \"rules\": [";
  const char* comma = "";
  for (const Preset& preset : kPresets) {
    // What lies between the brackets of "rules", the last member of each.
    const size_t first = preset.json.find('[', preset.json.find("\"rules\"")) + 1;
    document += comma;
    document += preset.json.substr(first, preset.json.rfind(']') - first);
    comma = ",";
  }
  return document += "]}\n";
}

}  // namespace sound_events

// SPDX-License-Identifier: Apache-2.0
#include "device_classes.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace home_link {
namespace {

/// YAMNet's classes that are more than a sound, the gravest first.
constexpr std::array<std::pair<std::string_view, const char*>, 12> kGrave = {{
    {"Smoke detector, smoke alarm", "smoke"},
    {"Fire alarm", "smoke"},
    {"Siren", "safety"},
    {"Civil defense siren", "safety"},
    {"Alarm", "safety"},
    {"Shatter", "safety"},
    {"Glass", "safety"},
    {"Breaking", "safety"},
    {"Explosion", "safety"},
    {"Gunshot, gunfire", "safety"},
    {"Screaming", "safety"},
    {"Smash, crash", "safety"},
}};

}  // namespace

std::string DeviceClassOf(const sound_events::Rule& rule, const sound_model::ClassMap& classes) {
  for (const auto& [name, device_class] : kGrave) {
    const bool hears = std::ranges::any_of(rule.classes, [&](const sound_events::WeightedClass& entry) {
      return entry.index < classes.size() && classes.name(entry.index) == name;
    });
    if (hears) return device_class;
  }
  if (rule.pattern) return *rule.pattern == sound_events::Pattern::kT3 ? "smoke" : "carbon_monoxide";
  return "sound";
}

}  // namespace home_link

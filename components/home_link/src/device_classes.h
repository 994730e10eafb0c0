// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sound_events/rule.h"
#include "sound_model/class_map.h"

namespace home_link {

/// Home Assistant's class of a binary sensor for what a rule listens for: "smoke", "safety" or "sound".
std::string DeviceClassOf(const sound_events::Rule& rule, const sound_model::ClassMap& classes);

}  // namespace home_link

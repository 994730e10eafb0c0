// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "field_table.h"
#include "sound_events/rule.h"

namespace sound_events {

/// Reads one rule object. False after an error, which the reader then holds.
bool ReadRule(base::JsonReader& reader, std::span<const std::string> class_names, Rule& rule);

}  // namespace sound_events

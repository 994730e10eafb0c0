// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "home_link/house.h"
#include "sound_model/class_map.h"

namespace home_link {

/// An event of an earlier run, of its line in the journal (docs/events.md).
/// @param classes  nullptr: names are left out.
/// @return nothing where the line is none of an event.
std::optional<Report> ReportOfLine(std::string_view line, const sound_model::ClassMap* classes);

}  // namespace home_link

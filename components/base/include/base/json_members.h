// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base {

/// The value of an object's member, as it stands in the text; of several with the name the last one.
/// @return nothing when `json` is no well-formed object (as JsonReader reads it), or has no such member.
std::optional<std::string_view> FindMember(std::string_view json, std::string_view name);

/// How many members an object has; nothing when `json` is no well-formed object.
std::optional<int> CountMembers(std::string_view json);

/// A string; nothing for any other value.
std::optional<std::string> AsString(std::string_view value);

std::optional<double> AsNumber(std::string_view value);

}  // namespace base

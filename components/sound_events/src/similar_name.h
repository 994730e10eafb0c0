// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sound_events {

/// The name that somebody may have meant: the one that is, or has between its commas, what is nearest to `text` by edit
/// distance (Levenshtein), where at most one character in three may differ; one that begins with `text`, or that `text`
/// begins with, is as near as one letter. Case does not count.
/// @return empty where there is none.
std::string_view SimilarName(std::string_view text, std::span<const std::string> names);

}  // namespace sound_events

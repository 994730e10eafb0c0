// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace listening {

/// The classes of the strongest scores, strongest first; of equal ones the lower index comes first.
/// @param order  receives them, as many as it can hold.
/// @return the part of it that is used: less than all where there are fewer scores.
std::span<const uint16_t> Strongest(std::span<const int8_t> scores, std::span<uint16_t> order);

}  // namespace listening

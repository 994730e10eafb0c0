// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace base {

/// Two lower-case hexadecimal digits for each byte.
std::string HexText(std::span<const uint8_t> bytes);

}  // namespace base

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace base {

inline constexpr uint32_t kReplacementCharacter = 0xfffd;

/// Takes the first character off `text`, which is not empty: its code point, or U+FFFD for one byte that begins no
/// well-formed UTF-8 (RFC 3629: neither overlong forms nor surrogates nor anything above U+10FFFF).
uint32_t TakeCodePoint(std::string_view& text);

void AppendUtf8(std::string& text, uint32_t code_point);

}  // namespace base

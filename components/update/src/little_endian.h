// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace update {

inline uint16_t Word16(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] | bytes[at + 1] << 8);
}

inline uint32_t Word32(std::span<const uint8_t> bytes, size_t at) {
  return Word16(bytes, at) | static_cast<uint32_t>(Word16(bytes, at + 2)) << 16;
}

/// Characters of a field up to its first zero, those that are not printable ASCII as '?'.
inline std::string FieldText(std::span<const uint8_t> field) {
  std::string text;
  for (const uint8_t byte : field) {
    if (byte == 0) break;
    text.push_back(byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '?');
  }
  return text;
}

}  // namespace update

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace base {

/// Characters that `bytes` bytes take, padding included (RFC 4648, section 4).
constexpr size_t Base64Length(size_t bytes) { return (bytes + 2) / 3 * 4; }

/// @param text  receives Base64Length(bytes.size()) characters.
void EncodeBase64(std::span<const uint8_t> bytes, std::span<char> text);

/// Strict: padding is required, and bits that padding hides must be zero, so that bytes have one spelling.
/// @return how many bytes were written, or nothing when `text` is not base64 or does not fit into `bytes`.
std::optional<size_t> DecodeBase64(std::string_view text, std::span<uint8_t> bytes);

}  // namespace base

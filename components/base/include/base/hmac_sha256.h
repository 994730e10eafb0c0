// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace base {

/// HMAC-SHA-256 (RFC 2104): who knows the key, and only who knows it, can compute it. Allocates.
/// @return nothing when the hash unit failed.
std::optional<std::array<uint8_t, 32>> HmacSha256(std::span<const uint8_t> key, std::span<const uint8_t> message);

}  // namespace base

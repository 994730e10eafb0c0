// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace base {

/// CRC32 of IEEE 802.3, reflected, as zlib's crc32(): Crc32("123456789") is 0xcbf43926.
uint32_t Crc32(std::span<const uint8_t> bytes);

}  // namespace base

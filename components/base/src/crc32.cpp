// SPDX-License-Identifier: Apache-2.0
#include "base/crc32.h"

#include <array>

namespace base {
namespace {

constexpr uint32_t kReflectedPolynomial = 0xedb88320;

// One table entry per four bits: 64 bytes instead of 1 KB, and still fast against a serial line.
constexpr std::array<uint32_t, 16> kTable = [] {
  std::array<uint32_t, 16> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 4; ++bit) {
      value = value & 1 ? value >> 1 ^ kReflectedPolynomial : value >> 1;
    }
    table[i] = value;
  }
  return table;
}();

}  // namespace

uint32_t Crc32(std::span<const uint8_t> bytes) {
  uint32_t crc = 0xffffffff;
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    crc = crc >> 4 ^ kTable[crc & 15];
    crc = crc >> 4 ^ kTable[crc & 15];
  }
  return ~crc;
}

}  // namespace base

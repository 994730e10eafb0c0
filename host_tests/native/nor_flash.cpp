// SPDX-License-Identifier: Apache-2.0
#include "nor_flash.h"

#include <algorithm>

#include "check.h"

namespace native_tests {

bool NorFlash::Change() {
  if (lost_power_) return false;
  lost_power_ = operations_++ == cut_at_;
  return true;
}

bool NorFlash::Read(uint32_t address, std::span<uint8_t> bytes) {
  CHECK(address + bytes.size() <= content_.size());
  if (lost_power_) return false;
  ++counts_.reads;
  counts_.read_bytes += bytes.size();
  std::copy_n(content_.begin() + address, bytes.size(), bytes.begin());
  return true;
}

bool NorFlash::Program(uint32_t address, std::span<const uint8_t> bytes) {
  CHECK(address + bytes.size() <= content_.size());
  CHECK(address / kSectorBytes == (address + bytes.size() - 1) / kSectorBytes, "a write over a sector's end");
  if (!Change()) return false;
  ++counts_.programs;
  counts_.programmed_bytes += bytes.size();
  if (worn_.contains(address / kSectorBytes)) return true;
  const uint32_t how = lost_power_ ? random_() % 4 : 0;
  const size_t torn_at = random_() % (bytes.size() + 1);
  for (size_t i = 0; i < bytes.size(); ++i) {
    uint8_t& cell = content_[address + i];
    CHECK((bytes[i] & ~cell) == 0 || lost_power_, "byte %zu at %u is programmed without an erase", i, address);
    if (how == 1 && i >= torn_at) break;
    if (how == 2 && i >= torn_at) break;
    const auto spared = static_cast<uint8_t>(random_());
    if (how == 3) cell &= bytes[i] | spared;
    if (how < 3) cell &= bytes[i];
  }
  if (how == 2 && torn_at < bytes.size()) content_[address + torn_at] &= bytes[torn_at] | random_();
  return !lost_power_;
}

bool NorFlash::Erase(uint32_t sector) {
  CHECK(sector < sectors());
  if (!Change()) return false;
  ++counts_.erases;
  ++erases_[sector];
  const auto begin = content_.begin() + static_cast<ptrdiff_t>(sector * kSectorBytes);
  const std::span<uint8_t> cells(begin, begin + kSectorBytes);
  if (!lost_power_) {
    std::ranges::fill(cells, 0xFF);
    return true;
  }
  const size_t part = random_() % (kSectorBytes + 1);
  switch (random_() % 6) {
    case 0:  // it had not begun
      break;
    case 1:
      std::ranges::fill(cells, 0xFF);
      break;
    case 2:
      std::ranges::fill(cells.first(part), 0xFF);
      break;
    case 3:
      std::ranges::fill(cells.subspan(part), 0xFF);
      break;
    case 4:
      for (uint8_t& cell : cells) cell |= static_cast<uint8_t>(random_());
      break;
    default:
      for (uint8_t& cell : cells) cell = static_cast<uint8_t>(random_());
  }
  return false;
}

}  // namespace native_tests

// SPDX-License-Identifier: Apache-2.0
#include "base/hmac_sha256.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include "base/sha256.h"

namespace base {
namespace {

constexpr size_t kBlockBytes = 64;
using Block = std::array<uint8_t, kBlockBytes>;
using Hash = std::array<uint8_t, 32>;

std::optional<Hash> HashOf(std::initializer_list<std::span<const uint8_t>> pieces) {
  Sha256 sha;
  for (const auto piece : pieces) sha.Update(piece);
  const std::string digits = sha.Finish();
  Hash hash;
  if (digits.size() != 2 * hash.size()) return std::nullopt;
  for (size_t i = 0; i < hash.size(); ++i) std::from_chars(&digits[2 * i], &digits[2 * i] + 2, hash[i], 16);
  return hash;
}

Block Padded(const Block& key, uint8_t pad) {
  Block block;
  std::ranges::transform(key, block.begin(), [pad](uint8_t byte) { return static_cast<uint8_t>(byte ^ pad); });
  return block;
}

}  // namespace

std::optional<Hash> HmacSha256(std::span<const uint8_t> key, std::span<const uint8_t> message) {
  Block block{};
  if (key.size() > block.size()) {
    const auto hash = HashOf({key});
    if (!hash) return std::nullopt;
    std::ranges::copy(*hash, block.begin());
  } else {
    std::ranges::copy(key, block.begin());
  }
  const auto inner = HashOf({Padded(block, 0x36), message});
  if (!inner) return std::nullopt;
  return HashOf({Padded(block, 0x5c), *inner});
}

}  // namespace base

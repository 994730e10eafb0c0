// SPDX-License-Identifier: Apache-2.0
#include "network/captive_dns.h"

namespace network {
namespace {

constexpr size_t kHeaderBytes = 12;
constexpr size_t kMostNameBytes = 255;
constexpr uint8_t kLongestLabel = 63;
constexpr uint16_t kTypeA = 1;
constexpr uint16_t kClassInternet = 1;
constexpr uint8_t kResponseBit = 0x80;
constexpr uint8_t kOpcodeBits = 0x78;
constexpr uint8_t kAuthorityBit = 0x04;
constexpr uint8_t kRecursionBit = 0x01;
constexpr uint8_t kTtlSeconds = 10;  // nothing that is learnt here shall be believed for long

uint16_t Number(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

/// Where the name ends that begins behind the header; 0 for what is none.
size_t EndOfName(std::span<const uint8_t> query) {
  size_t at = kHeaderBytes;
  while (at < query.size() && query[at] != 0) {
    if (query[at] > kLongestLabel) return 0;  // no question has a pointer to what comes before it
    at += 1u + query[at];
  }
  ++at;
  return at - kHeaderBytes <= kMostNameBytes && at + 4 <= query.size() ? at : 0;
}

}  // namespace

std::vector<uint8_t> AnswerDns(std::span<const uint8_t> query, const std::array<uint8_t, 4>& address) {
  if (query.size() < kHeaderBytes || query.size() > kMostDnsBytes) return {};
  if ((query[2] & (kResponseBit | kOpcodeBits)) != 0 || Number(query, 4) != 1) return {};
  const size_t name_end = EndOfName(query);
  if (name_end == 0) return {};
  const bool wants_address = Number(query, name_end) == kTypeA && Number(query, name_end + 2) == kClassInternet;
  std::vector<uint8_t> answer(query.begin(), query.begin() + static_cast<ptrdiff_t>(name_end + 4));
  answer[2] = static_cast<uint8_t>((query[2] & kRecursionBit) | kResponseBit | kAuthorityBit);
  answer[3] = 0x80;  // recursion available, no error
  for (size_t at = 6; at < kHeaderBytes; ++at) answer[at] = 0;
  if (!wants_address) return answer;
  answer[7] = 1;
  const std::array<uint8_t, 12> record = {0xc0, kHeaderBytes, 0, kTypeA, 0, kClassInternet, 0, 0, 0, kTtlSeconds, 0, 4};
  answer.insert(answer.end(), record.begin(), record.end());
  answer.insert(answer.end(), address.begin(), address.end());
  return answer;
}

}  // namespace network

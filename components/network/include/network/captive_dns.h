// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace network {

inline constexpr size_t kMostDnsBytes = 512;  ///< RFC 1035, 4.2.1.

/// A DNS server for those who are on the device's own access point: every name has the device's address, so that
/// whatever page a phone asks for is the one where a network is named. Other questions than for an IPv4 address are
/// answered with nothing.
/// @param query    a message of RFC 1035, whatever it is.
/// @param address  IPv4, in the order in which it is written.
/// @return the answer; empty when there is none to what came.
std::vector<uint8_t> AnswerDns(std::span<const uint8_t> query, const std::array<uint8_t, 4>& address);

}  // namespace network

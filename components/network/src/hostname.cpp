// SPDX-License-Identifier: Apache-2.0
#include "base/hex.h"
#include "network/network.h"

namespace network {

std::string HostnameOf(std::span<const uint8_t, 6> mac) { return "yamnet-" + base::HexText(mac.last<2>()); }

}  // namespace network

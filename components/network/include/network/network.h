// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "listening/device_state.h"

namespace network {

class Station;

/// What connects a device, as it is shown to others. From any task.
class Network {
 public:
  virtual ~Network() = default;
  virtual listening::NetworkState status() const = 0;
  /// The part with a radio; nullptr where there is none.
  virtual Station* station() { return nullptr; }
};

/// The name of a device in its network, as "yamnet-1a2b": of the last two bytes of its address.
/// @param mac  6 bytes.
std::string HostnameOf(std::span<const uint8_t, 6> mac);

}  // namespace network

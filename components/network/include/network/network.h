// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

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

/// Where the network is not the device's own business.
class OutsideNetwork final : public Network {
 public:
  /// @param reason  what there is instead.
  OutsideNetwork(listening::LinkState state, std::string reason) {
    status_.state = state;
    status_.reason = std::move(reason);
  }
  listening::NetworkState status() const override { return status_; }

 private:
  listening::NetworkState status_;
};

/// The name of a device in its network, as "yamnet-1a2b": of the last two bytes of its address.
/// @param mac  6 bytes.
std::string HostnameOf(std::span<const uint8_t, 6> mac);

}  // namespace network

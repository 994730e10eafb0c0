// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "network/network.h"

namespace network {

/// What Improv is told of a device.
struct ImprovDevice {
  std::string firmware;
  std::string version;
  std::string chip;
  std::function<std::string()> url;  ///< Of its page; empty while it has none.
};

/// Improv Wi-Fi by the serial line (https://www.improv-wifi.com/serial/, version 1): who is at the line names a network
/// and is told where the page is then. It shares the line with the console: a packet begins with bytes that no line of
/// text has, and nothing is said that was not asked for.
class Improv {
 public:
  static constexpr int64_t kHalfPacketMs = 1000;
  static constexpr int64_t kClientMs = 60'000;  ///< So long a client is told what changes.

  /// @param network  outlives this.
  Improv(Network& network, ImprovDevice device) : network_(network), device_(std::move(device)) {}

  /// Takes a byte of the line.
  /// @return what is no packet of Improv, for the console; valid until the next call.
  std::string_view Push(char byte, int64_t now_ms);

  /// To be called several times a second.
  /// @return what is to be sent now, between lines of text; possibly nothing.
  std::string Poll(int64_t now_ms);

 private:
  enum class State : uint8_t { kStopped = 0, kReady = 2, kProvisioning = 3, kProvisioned = 4 };
  enum class Failure : uint8_t { kNone = 0, kBadPacket = 1, kUnknownCommand = 2, kCannotConnect = 3 };
  enum class Command : uint8_t { kJoin = 1, kState = 2, kInfo = 3, kScan = 4, kNetwork = 7 };

  void TakePacket();
  void Serve(uint8_t command, std::string_view data);
  void Join(std::string_view data);
  void Scan();
  void TellNetwork();
  void Send(uint8_t type, std::string_view data);
  void SendState();
  void Refuse(Failure failure);
  void Result(Command command, std::initializer_list<std::string_view> strings);
  State Now() const;

  Network& network_;
  ImprovDevice device_;
  std::string packet_;  ///< Or what may become one.
  std::string passed_;
  std::string out_;
  int64_t last_byte_ms_ = 0;
  std::optional<int64_t> client_until_ms_;
  std::optional<State> told_;
  bool joining_ = false;
  std::optional<uint32_t> scan_;
};

}  // namespace network

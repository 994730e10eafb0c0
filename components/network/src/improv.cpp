// SPDX-License-Identifier: Apache-2.0
#include "network/improv.h"

#include <utility>

#include "network/station.h"

namespace network {
namespace {

constexpr std::string_view kMagic = "IMPROV\x01";
constexpr size_t kTypeAt = kMagic.size();
constexpr size_t kLengthAt = kTypeAt + 1;
constexpr size_t kDataAt = kLengthAt + 1;

constexpr uint8_t kStateType = 1;
constexpr uint8_t kErrorType = 2;
constexpr uint8_t kCommandType = 3;
constexpr uint8_t kResultType = 4;

constexpr uint8_t kOnlineFlag = 1;
constexpr uint8_t kWifiFlag = 2;
constexpr uint8_t kEthernetFlag = 4;

uint8_t Byte(std::string_view text, size_t at) { return static_cast<uint8_t>(text[at]); }

uint8_t Checksum(std::string_view bytes) {
  uint8_t sum = 0;
  for (const char byte : bytes) sum = static_cast<uint8_t>(sum + static_cast<uint8_t>(byte));
  return sum;
}

/// A string with its length before it.
std::optional<std::string> TakeString(std::string_view& data) {
  if (data.empty() || data.size() < 1u + Byte(data, 0)) return std::nullopt;
  std::string text(data.substr(1, Byte(data, 0)));
  data.remove_prefix(1 + text.size());
  return text;
}

}  // namespace

std::string_view Improv::Push(char byte, int64_t now_ms) {
  last_byte_ms_ = now_ms;
  passed_.clear();
  if (packet_.size() >= kMagic.size()) {
    packet_.push_back(byte);
    if (packet_.size() <= kDataAt || packet_.size() < kDataAt + Byte(packet_, kLengthAt) + 1u) return {};
    client_until_ms_ = now_ms + kClientMs;
    TakePacket();
    packet_.clear();
    return {};
  }
  if (byte != kMagic[packet_.size()]) {
    std::swap(passed_, packet_);
    if (byte != kMagic[0]) {
      passed_.push_back(byte);
      return passed_;
    }
  }
  packet_.push_back(byte);
  return passed_;
}

std::string Improv::Poll(int64_t now_ms) {
  if (packet_.size() >= kMagic.size() && now_ms - last_byte_ms_ >= kHalfPacketMs) packet_.clear();
  Station* const station = network_.station();
  if (joining_ && station->attempt().kind != Station::Attempt::Kind::kTrying) {
    joining_ = false;
    if (station->attempt().kind == Station::Attempt::Kind::kJoined) {
      SendState();
      Result(Command::kJoin, {device_.url()});
    } else {
      Refuse(Failure::kCannotConnect);
      SendState();
    }
  }
  if (scan_) {
    if (const auto found = station->Found(*scan_)) {
      scan_.reset();
      for (const Seen& each : *found)
        Result(Command::kScan, {each.ssid, std::to_string(each.rssi_dbm), each.secure ? "YES" : "NO"});
      Result(Command::kScan, {});
    }
  }
  if (client_until_ms_ && now_ms >= *client_until_ms_) client_until_ms_.reset();
  if (client_until_ms_ && !joining_ && told_ && Now() != *told_) SendState();
  return std::exchange(out_, {});
}

void Improv::TakePacket() {
  const std::string_view packet = packet_;
  const size_t end = packet.size() - 1;
  if (Checksum(packet.substr(0, end)) != Byte(packet, end)) return Refuse(Failure::kBadPacket);
  if (Byte(packet, kTypeAt) != kCommandType) return;  // what devices send, from a line that echoes
  const std::string_view data = packet.substr(kDataAt, end - kDataAt);
  if (data.size() < 2 || data.size() != 2u + Byte(data, 1)) return Refuse(Failure::kBadPacket);
  Serve(Byte(data, 0), data.substr(2));
}

void Improv::Serve(uint8_t command, std::string_view data) {
  switch (static_cast<Command>(command)) {
    case Command::kJoin:
      return Join(data);
    case Command::kState:
      SendState();
      if (Now() == State::kProvisioned) Result(Command::kState, {device_.url()});
      return;
    case Command::kInfo:
      return Result(Command::kInfo, {device_.firmware, device_.version, device_.chip,
                                     network_.status().hostname.value_or(device_.firmware)});
    case Command::kScan:
      return Scan();
    case Command::kNetwork:
      return TellNetwork();
  }
  Refuse(Failure::kUnknownCommand);
}

void Improv::Join(std::string_view data) {
  Station* const station = network_.station();
  if (station == nullptr) return Refuse(Failure::kUnknownCommand);
  auto ssid = TakeString(data);
  auto password = ssid ? TakeString(data) : std::nullopt;
  if (!password || !data.empty()) return Refuse(Failure::kBadPacket);
  if (!station->Join({.ssid = *std::move(ssid), .password = *std::move(password), .static_address = {}}))
    return Refuse(Failure::kCannotConnect);
  joining_ = true;
  SendState();
}

void Improv::Scan() {
  Station* const station = network_.station();
  if (station == nullptr) return Refuse(Failure::kUnknownCommand);
  scan_ = station->RequestScan();
}

void Improv::TellNetwork() {
  const listening::NetworkState state = network_.status();
  const bool online = state.state == listening::LinkState::kUp;
  const uint8_t kind = state.kind == listening::NetworkKind::kWifi       ? kWifiFlag
                       : state.kind == listening::NetworkKind::kEthernet ? kEthernetFlag
                                                                         : 0;
  const std::string flags = std::to_string(kind | (online ? kOnlineFlag : 0));
  if (!online) return Result(Command::kNetwork, {flags});
  Result(Command::kNetwork, {flags, device_.url()});
}

void Improv::Send(uint8_t type, std::string_view data) {
  std::string packet(kMagic);
  packet.push_back(static_cast<char>(type));
  packet.push_back(static_cast<char>(data.size()));
  packet += data;
  packet.push_back(static_cast<char>(Checksum(packet)));
  out_ += packet + '\n';
}

void Improv::SendState() {
  told_ = Now();
  const char state = static_cast<char>(*told_);
  Send(kStateType, {&state, 1});
}

void Improv::Refuse(Failure failure) {
  const char code = static_cast<char>(failure);
  Send(kErrorType, {&code, 1});
}

void Improv::Result(Command command, std::initializer_list<std::string_view> strings) {
  std::string data;
  for (const std::string_view text : strings) {
    data.push_back(static_cast<char>(text.size()));
    data += text;
  }
  Send(kResultType, std::string{static_cast<char>(command), static_cast<char>(data.size())} + data);
}

Improv::State Improv::Now() const {
  Station* const station = network_.station();
  if (station == nullptr) return State::kStopped;
  if (station->attempt().kind == Station::Attempt::Kind::kTrying) return State::kProvisioning;
  return network_.status().state == listening::LinkState::kUp ? State::kProvisioned : State::kReady;
}

}  // namespace network

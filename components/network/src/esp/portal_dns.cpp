// SPDX-License-Identifier: Apache-2.0
#include "portal_dns.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "network/captive_dns.h"

namespace network::esp {
namespace {

constexpr uint16_t kPort = 53;
constexpr int kMostAtOnce = 16;

}  // namespace

std::expected<void, std::string> PortalDns::Open(esp_ip4_addr_t address) {
  Close();
  socket_ = socket(AF_INET, SOCK_DGRAM, 0);
  if (socket_ < 0) return std::unexpected("no socket for DNS");
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_port = htons(kPort);
  here.sin_addr.s_addr = address.addr;
  std::memcpy(address_.data(), &address.addr, address_.size());
  if (bind(socket_, reinterpret_cast<const sockaddr*>(&here), sizeof here) == 0) return {};
  const std::string reason = std::strerror(errno);
  Close();
  return std::unexpected("DNS: " + reason);
}

void PortalDns::Close() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
}

void PortalDns::Serve() {
  for (int i = 0; socket_ >= 0 && i < kMostAtOnce; ++i) {
    std::array<uint8_t, kMostDnsBytes + 1> query;
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    const ssize_t got =
        recvfrom(socket_, query.data(), query.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&peer), &size);
    if (got <= 0) return;
    const auto answer = AnswerDns({query.data(), static_cast<size_t>(got)}, address_);
    if (!answer.empty())
      sendto(socket_, answer.data(), answer.size(), MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&peer), size);
  }
}

}  // namespace network::esp

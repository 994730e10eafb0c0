// SPDX-License-Identifier: Apache-2.0
#include "http_transport.h"

#include <sys/socket.h>

#include <cerrno>

namespace firmware {

std::expected<httpd_handle_t, std::string> StartServer(const httpd_config_t& settings, listening::Services&) {
  httpd_handle_t server = nullptr;
  if (const esp_err_t started = httpd_start(&server, &settings); started != ESP_OK) {
    return std::unexpected(std::string("no server: ") + esp_err_to_name(started));
  }
  return server;
}

int SendNow(httpd_handle_t, int socket, std::string_view bytes) {
  const auto sent = send(socket, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 0;
  return static_cast<int>(sent);
}

}  // namespace firmware

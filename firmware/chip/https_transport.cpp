// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include "esp_https_server.h"
#include "esp_tls.h"
#include "http_transport.h"
#include "own_certificate.h"

namespace firmware {

std::expected<httpd_handle_t, std::string> StartServer(const httpd_config_t& settings, listening::Services& services) {
  const auto own = LoadOwnCertificate(services);
  if (!own) return std::unexpected(own.error());
  httpd_ssl_config_t tls = HTTPD_SSL_CONFIG_DEFAULT();
  tls.httpd = settings;
  tls.port_secure = settings.server_port;
  tls.servercert = own->certificate.data();
  tls.servercert_len = own->certificate.size();
  tls.prvtkey_pem = own->key.data();
  tls.prvtkey_len = own->key.size();
  httpd_handle_t server = nullptr;
  if (const esp_err_t started = httpd_ssl_start(&server, &tls); started != ESP_OK) {
    return std::unexpected(std::string("no TLS server: ") + esp_err_to_name(started));
  }
  return server;
}

int SendNow(httpd_handle_t server, int socket, std::string_view bytes) {
  const int flags = fcntl(socket, F_GETFL, 0);
  fcntl(socket, F_SETFL, flags | O_NONBLOCK);
  const int sent = httpd_socket_send(server, socket, bytes.data(), bytes.size(), 0);
  fcntl(socket, F_SETFL, flags);
  return sent == ESP_TLS_ERR_SSL_WANT_WRITE || sent == ESP_TLS_ERR_SSL_WANT_READ ? 0 : sent;
}

}  // namespace firmware

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "esp_http_server.h"
#include "listening/services.h"

namespace firmware {

/// How the HTTP server's bytes travel: as they are, or in TLS (FIRMWARE_HTTPS).

/// Starts the server. @p services lives for as long as it runs.
std::expected<httpd_handle_t, std::string> StartServer(const httpd_config_t& settings, listening::Services& services);

/// Sends what a client takes at once; what it does not take is to be offered again, with nothing before it changed.
/// @return how many bytes, perhaps 0; below 0 when the client has gone.
int SendNow(httpd_handle_t server, int socket, std::string_view bytes);

}  // namespace firmware

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

namespace device_api {
class Api;
}

namespace firmware {

struct App;
struct HttpServer;

/// The HTTP API, which hears from now on what it will tell; to be made when the device has counted its boot and does
/// not listen yet. It and @p app live for as long as the device runs.
/// @return or why there is none, in words.
std::expected<HttpServer*, std::string> MakeHttpServer(App& app);

device_api::Api& ApiOf(HttpServer& server);

/// Serves it from now on; to be called when the default event loop runs.
/// @return where, in words.
std::expected<std::string, std::string> StartHttpServer(HttpServer& server);

}  // namespace firmware

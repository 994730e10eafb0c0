// SPDX-License-Identifier: Apache-2.0
#include "network.h"

#include "app.h"
#include "esp_event.h"
#include "home.h"
#include "http_server.h"
#include "network_interface.h"
#include "network_task.h"

namespace firmware {
namespace {

/// Interfaces and the HTTP server tell the default event loop what happens, and fail where there is none.
std::expected<std::string, std::string> Connect() {
  if (const esp_err_t made = esp_event_loop_create_default(); made != ESP_OK && made != ESP_ERR_INVALID_STATE) {
    return std::unexpected(std::string("no event loop: ") + esp_err_to_name(made));
  }
  return StartInterface();
}

}  // namespace

void StartNetwork(App& app) {
  listening::BootSequence& boot = app.device.boot();
  const auto server = MakeHttpServer(app);
  if (server) StartHome(app, ApiOf(**server));
  boot.Run(
      kNetworkStep, "",
      [&app, server]() -> listening::BootSequence::Result {
        auto connected = Connect();
        if (connected && server) StartNetworkTask(app, ApiOf(**server));
        return connected;
      },
      listening::BootSequence::Recovers::kMay);
  boot.Run(kHttpStep, kNetworkStep, [server]() -> listening::BootSequence::Result {
    if (!server) return std::unexpected(server.error());
    return StartHttpServer(**server);
  });
}

}  // namespace firmware

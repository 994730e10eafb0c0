// SPDX-License-Identifier: Apache-2.0
#include "network.h"

#include <csignal>

#include "app.h"
#include "http_server.h"

namespace firmware {

void StartNetwork(App& app) {
  std::signal(SIGPIPE, SIG_IGN);  // a client that goes while it is answered ends no device
  app.device.boot().Run(kHttpStep, listening::kRecordStep, [&app] { return StartHttp(app); });
}

}  // namespace firmware

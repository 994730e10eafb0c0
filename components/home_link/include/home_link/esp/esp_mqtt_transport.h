// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "home_link/transport.h"
#include "listening/services.h"

namespace home_link::esp {

/// ESP-IDF's MQTT client. There is one at most. Close() and Connect() wait for the client's task to end, which takes as
/// long as the network operation it is in, 5 s at most: HomeLink::Tick() needs a task of its own.
std::unique_ptr<Transport> MakeEspMqttTransport(listening::Services& services);

}  // namespace home_link::esp

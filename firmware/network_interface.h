// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "listening/device_state.h"

namespace firmware {

/// Starts what connects the device, and does not wait for an address: it asks for one itself whenever there is a link.
/// To be called when the default event loop runs; again after it has failed.
/// @return what there is, in words.
std::expected<std::string, std::string> StartInterface();

/// Whom to ask for the time, now and whenever the network is there; nothing where the computer has the time.
void SetTimeServer(const std::string& name);

/// How the device can be reached now; nothing where that is not its own business.
std::optional<listening::NetworkState> ReadNetwork();

}  // namespace firmware

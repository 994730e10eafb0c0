// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

namespace firmware {

struct App;

/// Serves the HTTP API from now on; to be called when the device has counted its boot and does not listen yet, and the
/// default event loop runs. @p app lives for as long as the device runs.
/// @return where, in words.
std::expected<std::string, std::string> StartHttp(App& app);

}  // namespace firmware

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

namespace firmware {

struct App;

/// Opens the serial line and answers on it from then on. @p app lives for as long as the device runs.
std::expected<std::string, std::string> StartConsole(App& app);

}  // namespace firmware

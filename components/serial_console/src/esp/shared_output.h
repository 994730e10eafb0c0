// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

namespace serial_console {

/// Makes ESP-IDF's log take turns with WriteConsolePort().
std::expected<void, std::string> ShareOutputWithLog();

}  // namespace serial_console

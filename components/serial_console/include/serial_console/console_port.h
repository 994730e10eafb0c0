// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace serial_console {

/// Takes over the line that ESP-IDF's console is configured for (UART0 or USB-Serial-JTAG), or standard input and
/// output on Linux, and from then on writes each log line in one piece.
std::expected<void, std::string> OpenConsolePort();

/// Waits a little for bytes.
/// @return how many were read, possibly none.
size_t ReadConsolePort(std::span<char> bytes);

/// Writes all of `text` in one piece, between log lines.
void WriteConsolePort(std::string_view text);

}  // namespace serial_console

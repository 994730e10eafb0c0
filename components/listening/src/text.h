// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace listening {

/// printf() into a string, for log lines.
[[gnu::format(printf, 1, 2)]] std::string Text(const char* format, ...);

}  // namespace listening

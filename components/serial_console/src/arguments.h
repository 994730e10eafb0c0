// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "serial_console/error.h"
#include "serial_console/request.h"

namespace serial_console {

inline std::unexpected<Error> BadArgument(std::string message) {
  return std::unexpected(Error{ErrorCode::kBadArgument, std::move(message)});
}

inline std::expected<void, Error> ExpectArguments(const Request& request, size_t count, std::string_view usage) {
  if (request.argument_count == count) return {};
  return BadArgument("usage: @" + std::string(usage));
}

}  // namespace serial_console

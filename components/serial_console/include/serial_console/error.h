// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/error.h"

namespace serial_console {

/// The codes of docs/serial-protocol.md.
enum class ErrorCode {
  kTooLong,
  kBadRequest,
  kUnknownCommand,
  kBadArgument,
  kBadCrc,
  kNotReady,
  kBusy,
  kFailed,
};

std::string_view ErrorName(ErrorCode code);

/// Why a request was not served: the code for programs, the text (one line) for people.
using Error = base::Error<ErrorCode>;

}  // namespace serial_console

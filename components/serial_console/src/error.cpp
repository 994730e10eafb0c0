// SPDX-License-Identifier: Apache-2.0
#include "serial_console/error.h"

namespace serial_console {

std::string_view ErrorName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kTooLong:
      return "too_long";
    case ErrorCode::kBadRequest:
      return "bad_request";
    case ErrorCode::kUnknownCommand:
      return "unknown_command";
    case ErrorCode::kBadArgument:
      return "bad_argument";
    case ErrorCode::kBadCrc:
      return "bad_crc";
    case ErrorCode::kNotReady:
      return "not_ready";
    case ErrorCode::kBusy:
      return "busy";
    case ErrorCode::kFailed:
      break;
  }
  return "failed";
}

}  // namespace serial_console

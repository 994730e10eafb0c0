// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace log_mel {

enum class ErrorCode {
  kUnknownProfile,       ///< No profile has that name.
  kInvalidSpec,          ///< A LogMelSpec field is out of range or contradicts another.
  kInvalidQuantization,  ///< Scale or zero point cannot belong to an int8 tensor.
};

/// Why something could not be made: the code for programs, the text (one line) for people.
struct Error {
  ErrorCode code;
  std::string message;
};

}  // namespace log_mel

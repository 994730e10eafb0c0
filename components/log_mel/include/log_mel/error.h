// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"

namespace log_mel {

enum class ErrorCode {
  kUnknownProfile,       ///< No profile has that name.
  kInvalidSpec,          ///< A LogMelSpec field is out of range or contradicts another.
  kInvalidQuantization,  ///< Scale or zero point cannot belong to an int8 tensor.
};

/// Why something could not be made: the code for programs, the text (one line) for people.
using Error = base::Error<ErrorCode>;

}  // namespace log_mel

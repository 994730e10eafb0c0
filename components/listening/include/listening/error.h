// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"

namespace listening {

enum class ErrorCode {
  kNotReady,  ///< A boot step failed, or has not run yet; the text names it and the reason.
  kRefused,   ///< What was given is wrong; the text says where and why, and nothing has changed.
  kConflict,  ///< What was to be changed is not any more what it was thought to be; nothing has changed.
  kBusy,      ///< In use; try again.
  kFailed,    ///< It was tried and went wrong.
};

/// Why the device does not do something: the code for programs, the text (one line) for people.
using Error = base::Error<ErrorCode>;

}  // namespace listening

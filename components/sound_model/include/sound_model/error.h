// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"

namespace sound_model {

enum class ErrorCode {
  kNotFound,        ///< A file or partition is missing.
  kReadFailed,      ///< It is there and cannot be read.
  kWrongHash,       ///< The model is not the one the manifest names.
  kDamaged,         ///< Not the format it claims to be, or broken.
  kUnsupported,     ///< A sound file, but of a model this program cannot run.
  kOutOfMemory,     ///< Model or arena does not fit.
  kInferenceFailed  ///< The interpreter returned an error.
};

/// Why a model cannot be used: the code for programs, the text (one line) for people.
using Error = base::Error<ErrorCode>;

}  // namespace sound_model

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>

#include "base/error.h"

namespace update {

enum class ErrorCode {
  kWrong,     ///< The image, its signature or its digest is wrong; the text says what. What runs stays.
  kTooLarge,  ///< It has no room.
  kConflict,  ///< Not now, or not on this device; the text says why.
  kFailed,    ///< Flash or settings failed.
};

using Error = base::Error<ErrorCode>;

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> Wrong(std::string text) {
  return std::unexpected(Error{ErrorCode::kWrong, std::move(text)});
}
inline std::unexpected<Error> Failed(std::string text) {
  return std::unexpected(Error{ErrorCode::kFailed, std::move(text)});
}

}  // namespace update

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace base {

/// How every component reports what it cannot do: `std::expected<T, Error<Code>>` with a small enum of its own for
/// programs, and one line of text for people that says what was wrong, with what, and where possible what to do.
template <typename Code>
struct Error {
  Code code;
  std::string message;
};

}  // namespace base

// SPDX-License-Identifier: Apache-2.0
// What the fields of settings must be.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/json_reader.h"

namespace home_link {

inline constexpr size_t kMostFingerprintBytes = 64 + 31;  ///< With colons.

/// Visible ASCII only.
bool Visible(std::string_view text);
/// Text that is the same where it ends at its first zero byte, as C's does.
bool Whole(std::string_view text);
bool IsPem(std::string_view text);
/// A SHA-256 as openssl and people write it, to 64 lower-case digits.
std::string FingerprintDigits(std::string_view fingerprint);
bool IsFingerprint(std::string_view digits);

/// An error of the field of that name.
std::unexpected<base::JsonError> Wrong(std::string_view field, std::string message);

}  // namespace home_link

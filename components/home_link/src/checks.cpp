// SPDX-License-Identifier: Apache-2.0
#include "checks.h"

#include <algorithm>

namespace home_link {

bool Visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

bool Whole(std::string_view text) { return text.find('\0') == std::string_view::npos; }

bool IsPem(std::string_view text) {
  return text.find("-----BEGIN CERTIFICATE-----") != std::string_view::npos && Whole(text);
}

std::string FingerprintDigits(std::string_view fingerprint) {
  std::string digits;
  for (const char c : fingerprint) {
    if (c != ':') digits += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return digits;
}

bool IsFingerprint(std::string_view digits) {
  return digits.size() == 64 &&
         std::ranges::all_of(digits, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::unexpected<base::JsonError> Wrong(std::string_view field, std::string message) {
  return std::unexpected(base::JsonError{base::JsonError::Kind::kValue, "/" + std::string(field), std::move(message)});
}

}  // namespace home_link

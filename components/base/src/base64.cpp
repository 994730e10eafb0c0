// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <array>

namespace base {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kInvalid = 0xff;

constexpr std::array<uint8_t, 256> kValues = [] {
  std::array<uint8_t, 256> values{};
  values.fill(kInvalid);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  return values;
}();

}  // namespace

void EncodeBase64(std::span<const uint8_t> bytes, std::span<char> text) {
  size_t out = 0;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = bytes.size() - i;
    const uint32_t second = left > 1 ? bytes[i + 1] : 0;
    const uint32_t third = left > 2 ? bytes[i + 2] : 0;
    const uint32_t group = uint32_t{bytes[i]} << 16 | second << 8 | third;
    text[out++] = kAlphabet[group >> 18];
    text[out++] = kAlphabet[group >> 12 & 63];
    text[out++] = left > 1 ? kAlphabet[group >> 6 & 63] : '=';
    text[out++] = left > 2 ? kAlphabet[group & 63] : '=';
  }
}

std::optional<size_t> DecodeBase64(std::string_view text, std::span<uint8_t> bytes) {
  if (text.size() % 4 != 0) return std::nullopt;
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  const size_t size = text.size() / 4 * 3 - padding;
  if (size > bytes.size()) return std::nullopt;
  text.remove_suffix(padding);

  uint32_t bits = 0;
  int held = 0;
  size_t out = 0;
  for (const char c : text) {
    const uint8_t value = kValues[static_cast<uint8_t>(c)];
    if (value == kInvalid) return std::nullopt;
    bits = bits << 6 | value;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[out++] = static_cast<uint8_t>(bits >> held);
    }
  }
  if ((bits & ((1u << held) - 1)) != 0) return std::nullopt;
  return size;
}

}  // namespace base

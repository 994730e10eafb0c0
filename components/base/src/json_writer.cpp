// SPDX-License-Identifier: Apache-2.0
#include "base/json_writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/base64.h"
#include "base/crc32.h"
#include "base/utf8.h"

namespace base {

void JsonWriter::Key(std::string_view name) {
  Value(name);
  Append(":");
  needs_comma_ = false;
}

void JsonWriter::Value(std::string_view text) {
  Separate();
  Append("\"");
  while (!text.empty()) {
    const char c = text.front();
    if (c == '"' || c == '\\') {
      const char escaped[] = {'\\', c};
      Append({escaped, sizeof(escaped)});
      text.remove_prefix(1);
    } else if (c >= 0x20 && c <= 0x7e) {
      Append({&c, 1});
      text.remove_prefix(1);
    } else {
      AppendEscaped(TakeCodePoint(text));
    }
  }
  Append("\"");
  needs_comma_ = true;
}

void JsonWriter::AppendEscaped(uint32_t code_point) {
  const auto unit = [this](uint32_t value) {
    char escaped[16];
    std::snprintf(escaped, sizeof(escaped), "\\u%04x", static_cast<unsigned>(value));
    Append(escaped);
  };
  if (code_point < 0x10000) return unit(code_point);
  unit(0xd800 + ((code_point - 0x10000) >> 10));
  unit(0xdc00 + (code_point & 0x3ff));
}

void JsonWriter::Value(float value) {
  if (!std::isfinite(value)) return Token("null");
  char text[24];
  std::snprintf(text, sizeof(text), "%.9g", static_cast<double>(value));
  Token(text);
}

void JsonWriter::Bytes(std::span<const uint8_t> bytes) {
  char crc[9];
  std::snprintf(crc, sizeof(crc), "%08x", static_cast<unsigned>(Crc32(bytes)));
  BeginObject();
  Field("crc32", std::string_view(crc));
  Key("base64");
  Append("\"");
  const size_t length = Base64Length(bytes.size());
  if (overflowed_ || length > memory_.size() - size_) {
    overflowed_ = true;
  } else {
    EncodeBase64(bytes, memory_.subspan(size_, length));
    size_ += length;
  }
  Append("\"");
  EndObject();
}

void JsonWriter::Open(char bracket) {
  Separate();
  Append({&bracket, 1});
  needs_comma_ = false;
}

void JsonWriter::Close(char bracket) {
  Append({&bracket, 1});
  needs_comma_ = true;
}

void JsonWriter::Token(std::string_view text) {
  Separate();
  Append(text);
  needs_comma_ = true;
}

void JsonWriter::Integer(int64_t value) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), value);
  Token({digits, static_cast<size_t>(end - digits)});
}

void JsonWriter::Separate() {
  if (needs_comma_) Append(",");
}

void JsonWriter::Append(std::string_view text) {
  if (overflowed_ || text.size() > memory_.size() - size_) {
    overflowed_ = true;
    return;
  }
  std::copy(text.begin(), text.end(), memory_.begin() + size_);
  size_ += text.size();
}

}  // namespace base

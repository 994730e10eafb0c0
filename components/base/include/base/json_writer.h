// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace base {

/// Writes one JSON value into memory it is given. What does not fit is dropped and remembered in overflowed(): the
/// caller looks once, at the end. Commas are set by the writer; names and nesting are the caller's business.
class JsonWriter {
 public:
  explicit JsonWriter(std::span<char> memory) : memory_(memory) {}

  void BeginObject() { Open('{'); }
  void EndObject() { Close('}'); }
  void BeginArray() { Open('['); }
  void EndArray() { Close(']'); }
  void Key(std::string_view name);

  /// UTF-8 in, ASCII out: other characters are escaped, and bytes that are no UTF-8 become U+FFFD.
  void Value(std::string_view text);
  void Value(const char* text) { Value(std::string_view(text)); }
  void Value(bool value) { Token(value ? "true" : "false"); }
  void Value(std::nullptr_t) { Token("null"); }
  /// The shortest decimal that reads back as the same float; null for what JSON has no number for.
  void Value(float value);
  template <std::integral T>
  requires(!std::same_as<T, bool> && !std::same_as<T, char>) void Value(T value) {
    Integer(static_cast<int64_t>(value));
  }
  template <typename T>
  void Value(const std::optional<T>& value) {
    if (value) {
      Value(*value);
    } else {
      Value(nullptr);
    }
  }

  template <typename T>
  void Field(std::string_view name, const T& value) {
    Key(name);
    Value(value);
  }

  /// A value that is JSON already.
  void Raw(std::string_view json) { Token(json); }

  /// {"crc32":"…","base64":"…"}, the protocol's way to carry bytes.
  void Bytes(std::span<const uint8_t> bytes);

  size_t room() const { return overflowed_ ? 0 : memory_.size() - size_; }  ///< Bytes that still fit.
  bool overflowed() const { return overflowed_; }
  std::string_view text() const { return {memory_.data(), size_}; }

 private:
  void Open(char bracket);
  void Close(char bracket);
  void Token(std::string_view text);
  void Integer(int64_t value);
  void Separate();
  void Append(std::string_view text);
  void AppendEscaped(uint32_t code_point);

  std::span<char> memory_;
  size_t size_ = 0;
  bool overflowed_ = false;
  bool needs_comma_ = false;
};

}  // namespace base

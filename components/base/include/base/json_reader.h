// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace base {

/// What is wrong with a document.
struct JsonError {
  enum class Kind {
    kSyntax,    ///< Not JSON.
    kValue,     ///< JSON, but not what must stand there.
    kTooLarge,  ///< More than is read.
  };

  Kind kind;
  std::string path;     ///< Where, as a JSON pointer (RFC 6901); empty for the document itself.
  std::string message;  ///< One line.
};

/// A strict forward reader of JSON (RFC 8259) that builds no tree: the caller says what it expects next, and anything
/// else is an error with its path. Needs no memory but the strings it hands out, and no recursion: nesting is what the
/// caller asks for, at most kMaxDepth.
///
/// ESP-IDF brings cJSON, a PC does not, and cJSON accepts what this project must refuse (duplicate fields, a thousand
/// levels of recursion); one reader on both sides gives one behaviour.
class JsonReader {
 public:
  static constexpr size_t kMaxDepth = 8;

  enum class Kind { kObject, kArray, kString, kNumber, kBool, kNull, kOther };

  /// @param text  UTF-8; a byte order mark before it, as some editors write, is passed over.
  explicit JsonReader(std::string_view text) : text_(text), position_(text.starts_with("\xEF\xBB\xBF") ? 3 : 0) {}

  /// Every reading function returns false after an error, its own or an earlier one; error() then says the first one.
  bool BeginObject();
  /// Moves on to the next field of the object and reads its name; false at the object's end, too.
  bool NextField(std::string& name);
  bool BeginArray();
  /// Moves on to the next element; false at the array's end, too.
  bool NextElement();
  /// @param max_bytes  a longer string (in UTF-8, escapes resolved) is an error.
  bool ReadString(std::string& value, size_t max_bytes);
  /// Numbers have at most 15 significant digits and 22 decimal places, so that the nearest double is found exactly
  /// (Clinger 1990, "How to read floating point numbers accurately").
  bool ReadNumber(double& value);
  bool ReadBool(bool& value);
  /// Reads a value of any kind, checks its syntax and gives it as it stands in the text.
  bool ReadAny(std::string_view& value);
  /// Only white space may be left.
  bool ReadEnd();

  /// What comes next.
  Kind Peek();

  /// Records an error at the present path, unless there is one already. Always returns false.
  bool Fail(JsonError::Kind kind, std::string message);
  bool Refuse(std::string message) { return Fail(JsonError::Kind::kValue, std::move(message)); }

  bool failed() const { return failed_; }
  const JsonError& error() const { return error_; }

 private:
  struct Level {
    bool is_object;
    bool started = false;
    std::string field;
    uint32_t element = 0;
  };

  bool Syntax(std::string_view what);
  bool Expect(Kind kind, std::string_view what);
  bool Push(bool is_object);
  bool NextItem(char end);
  void SkipSpace();
  bool ReadRawString(std::string& value, size_t max_bytes);
  bool ReadEscape(std::string& value);
  bool ReadHex4(uint32_t& unit);
  bool ReadUtf8(std::string& value);
  bool TakeNumber(std::string_view& number);
  bool SkipValue();
  bool SkipObject();
  bool SkipArray();
  bool TakeLiteral(std::string_view literal);
  std::string Path() const;

  std::string_view text_;
  size_t position_;
  std::array<Level, kMaxDepth> levels_;
  size_t depth_ = 0;
  bool failed_ = false;
  JsonError error_{};
};

}  // namespace base

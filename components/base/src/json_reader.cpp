// SPDX-License-Identifier: Apache-2.0
#include "base/json_reader.h"

#include <algorithm>

#include "base/utf8.h"

namespace base {
namespace {

constexpr size_t kMaxFieldNameBytes = 64;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view KindName(JsonReader::Kind kind) {
  switch (kind) {
    case JsonReader::Kind::kObject:
      return "an object";
    case JsonReader::Kind::kArray:
      return "an array";
    case JsonReader::Kind::kString:
      return "a string";
    case JsonReader::Kind::kNumber:
      return "a number";
    case JsonReader::Kind::kBool:
      return "true or false";
    case JsonReader::Kind::kNull:
      return "null";
    case JsonReader::Kind::kOther:
      break;
  }
  return "something else";
}

}  // namespace

bool JsonReader::Fail(JsonError::Kind kind, std::string message) {
  if (failed_) return false;
  failed_ = true;
  std::ranges::replace_if(
      message, [](unsigned char c) { return c < 0x20; }, '?');
  error_ = {.kind = kind, .path = Path(), .message = std::move(message)};
  return false;
}

bool JsonReader::Syntax(std::string_view what) {
  const auto end = text_.begin() + static_cast<ptrdiff_t>(std::min(position_, text_.size()));
  const auto line = 1 + std::count(text_.begin(), end, '\n');
  return Fail(JsonError::Kind::kSyntax, "not JSON at line " + std::to_string(line) + ": " + std::string(what));
}

std::string JsonReader::Path() const {
  std::string path;
  for (size_t i = 0; i < depth_; ++i) {
    const Level& level = levels_[i];
    if (!level.started) continue;
    path += '/';
    if (!level.is_object) {
      path += std::to_string(level.element);
      continue;
    }
    for (const char c : level.field) {
      if (c == '~')
        path += "~0";
      else if (c == '/')
        path += "~1";
      else
        path += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return path;
}

void JsonReader::SkipSpace() {
  while (position_ < text_.size() && std::string_view(" \t\r\n").contains(text_[position_])) ++position_;
}

JsonReader::Kind JsonReader::Peek() {
  SkipSpace();
  if (position_ >= text_.size()) return Kind::kOther;
  switch (const char c = text_[position_]) {
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    case '"':
      return Kind::kString;
    case 't':
    case 'f':
      return Kind::kBool;
    case 'n':
      return Kind::kNull;
    default:
      return c == '-' || IsDigit(c) ? Kind::kNumber : Kind::kOther;
  }
}

bool JsonReader::Expect(Kind kind, std::string_view what) {
  if (failed_) return false;
  const Kind found = Peek();
  if (found == kind) return true;
  if (position_ >= text_.size()) return Syntax("it ends too early");
  if (found == Kind::kOther) return Syntax("a value must stand here");
  return Refuse("must be " + std::string(what) + ", not " + std::string(KindName(found)));
}

bool JsonReader::Push(bool is_object) {
  if (depth_ == kMaxDepth) return Refuse("is nested too deeply");
  ++position_;
  levels_[depth_++] = {.is_object = is_object, .started = false, .field = {}, .element = 0};
  return true;
}

bool JsonReader::BeginObject() { return Expect(Kind::kObject, "an object") && Push(true); }

bool JsonReader::BeginArray() { return Expect(Kind::kArray, "an array") && Push(false); }

/// Steps over a comma, or over `end`; false at the end.
bool JsonReader::NextItem(char end) {
  if (failed_) return false;
  Level& level = levels_[depth_ - 1];
  SkipSpace();
  if (position_ >= text_.size()) return Syntax("it ends too early");
  if (text_[position_] == end) {
    ++position_;
    --depth_;
    return false;
  }
  if (level.started) {
    if (text_[position_] != ',') return Syntax(std::string("a comma or ") + end + " must stand here");
    ++position_;
    SkipSpace();
  }
  return true;
}

bool JsonReader::NextField(std::string& name) {
  if (!NextItem('}')) return false;
  if (position_ >= text_.size() || text_[position_] != '"') return Syntax("a field's name must stand here");
  if (!ReadRawString(name, kMaxFieldNameBytes)) return false;
  SkipSpace();
  if (position_ >= text_.size() || text_[position_] != ':') return Syntax("a colon must follow a field's name");
  ++position_;
  levels_[depth_ - 1].field = name;
  levels_[depth_ - 1].started = true;
  return true;
}

bool JsonReader::NextElement() {
  if (!NextItem(']')) return false;
  Level& level = levels_[depth_ - 1];
  if (level.started) ++level.element;
  level.started = true;
  return true;
}

bool JsonReader::ReadString(std::string& value, size_t max_bytes) {
  return Expect(Kind::kString, "a string") && ReadRawString(value, max_bytes);
}

bool JsonReader::ReadRawString(std::string& value, size_t max_bytes) {
  value.clear();
  ++position_;
  while (true) {
    if (position_ >= text_.size()) return Syntax("a string has no end");
    const auto c = static_cast<unsigned char>(text_[position_]);
    if (c == '"') break;
    if (c < 0x20) return Syntax("a control character in a string");
    if (c == '\\' ? !ReadEscape(value) : !ReadUtf8(value)) return false;
    if (value.size() > max_bytes) return Refuse("a string of more than " + std::to_string(max_bytes) + " bytes");
  }
  ++position_;
  return true;
}

bool JsonReader::ReadUtf8(std::string& value) {
  std::string_view rest = text_.substr(position_);
  const uint32_t code_point = TakeCodePoint(rest);
  const size_t length = text_.size() - position_ - rest.size();
  if (code_point >= 0x80 && length == 1) return Syntax("it is not UTF-8");
  value += text_.substr(position_, length);
  position_ += length;
  return true;
}

bool JsonReader::ReadHex4(uint32_t& unit) {
  if (text_.size() - position_ < 4) return Syntax("\\u needs four hexadecimal digits");
  unit = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = text_[position_++];
    const char lower = static_cast<char>(c | 0x20);
    if (IsDigit(c))
      unit = unit << 4 | static_cast<uint32_t>(c - '0');
    else if (lower >= 'a' && lower <= 'f')
      unit = unit << 4 | static_cast<uint32_t>(lower - 'a' + 10);
    else
      return Syntax("\\u needs four hexadecimal digits");
  }
  return true;
}

bool JsonReader::ReadEscape(std::string& value) {
  if (++position_ >= text_.size()) return Syntax("a string has no end");
  constexpr std::string_view kFrom = "\"\\/bfnrt";
  constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
  const char c = text_[position_++];
  if (const size_t index = kFrom.find(c); index != std::string_view::npos) {
    value += kTo[index];
    return true;
  }
  uint32_t code;
  if (c != 'u') return Syntax("an unknown escape in a string");
  if (!ReadHex4(code)) return false;
  if (code >= 0xD800 && code < 0xDC00) {
    uint32_t low;
    if (!TakeLiteral("\\u")) return Syntax("half a surrogate pair");
    if (!ReadHex4(low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return Syntax("half a surrogate pair");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  } else if (code >= 0xDC00 && code <= 0xDFFF) {
    return Syntax("half a surrogate pair");
  }
  AppendUtf8(value, code);
  return true;
}

/// Steps over a number, whose grammar it checks.
bool JsonReader::TakeNumber(std::string_view& number) {
  const size_t start = position_;
  const auto at = [&](size_t i) { return i < text_.size() ? text_[i] : '\0'; };
  const auto skip_digits = [&] {
    while (IsDigit(at(position_))) ++position_;
  };
  if (at(position_) == '-') ++position_;
  if (!IsDigit(at(position_))) return Syntax("a digit must follow a minus sign");
  if (at(position_) == '0' && IsDigit(at(position_ + 1))) return Syntax("a number starts with a superfluous 0");
  skip_digits();
  if (at(position_) == '.') {
    ++position_;
    if (!IsDigit(at(position_))) return Syntax("a digit must follow a decimal point");
    skip_digits();
  }
  if (at(position_) == 'e' || at(position_) == 'E') {
    ++position_;
    if (at(position_) == '-' || at(position_) == '+') ++position_;
    if (!IsDigit(at(position_))) return Syntax("an exponent without digits");
    skip_digits();
  }
  number = text_.substr(start, position_ - start);
  return true;
}

bool JsonReader::ReadNumber(double& value) {
  std::string_view number;
  if (!Expect(Kind::kNumber, "a number") || !TakeNumber(number)) return false;
  const size_t mantissa_end = std::min(number.find_first_of("eE"), number.size());
  uint64_t digits = 0;
  int significant = 0;
  int64_t exponent = 0;
  bool fraction = false;
  for (const char c : number.substr(0, mantissa_end)) {
    if (c == '.') fraction = true;
    if (!IsDigit(c)) continue;
    if (digits > 0 || c != '0') ++significant;
    if (significant > 15) return Refuse("has more than 15 digits");
    digits = digits * 10 + static_cast<uint64_t>(c - '0');
    if (fraction) --exponent;
  }
  int64_t shift = 0;
  for (const char c : number.substr(mantissa_end)) {
    if (IsDigit(c)) shift = std::min<int64_t>(shift * 10 + (c - '0'), 9999);
  }
  exponent += number.substr(mantissa_end).contains('-') ? -shift : shift;
  if (digits != 0 && (exponent > 22 || exponent < -22)) return Refuse("is out of range");
  double power = 1.0;
  for (int64_t i = 0; i < std::min<int64_t>(exponent < 0 ? -exponent : exponent, 22); ++i) power *= 10.0;
  const auto magnitude = static_cast<double>(digits);
  value = exponent < 0 ? magnitude / power : magnitude * power;
  if (number.starts_with('-')) value = -value;
  return true;
}

bool JsonReader::TakeLiteral(std::string_view literal) {
  if (text_.substr(std::min(position_, text_.size()), literal.size()) != literal) return false;
  position_ += literal.size();
  return true;
}

bool JsonReader::ReadBool(bool& value) {
  if (!Expect(Kind::kBool, "true or false")) return false;
  value = text_[position_] == 't';
  return TakeLiteral(value ? "true" : "false") || Syntax("a value must stand here");
}

bool JsonReader::SkipObject() {
  if (!BeginObject()) return false;
  std::string name;
  while (NextField(name)) {
    if (!SkipValue()) return false;
  }
  return !failed_;
}

bool JsonReader::SkipArray() {
  if (!BeginArray()) return false;
  while (NextElement()) {
    if (!SkipValue()) return false;
  }
  return !failed_;
}

bool JsonReader::SkipValue() {
  std::string string;
  std::string_view number;
  bool flag;
  switch (Peek()) {
    case Kind::kObject:
      return SkipObject();
    case Kind::kArray:
      return SkipArray();
    case Kind::kString:
      return ReadString(string, text_.size());
    case Kind::kNumber:
      return TakeNumber(number);
    case Kind::kBool:
      return ReadBool(flag);
    case Kind::kNull:
    case Kind::kOther:
      break;
  }
  return TakeLiteral("null") || Syntax("a value must stand here");
}

bool JsonReader::ReadAny(std::string_view& value) {
  if (failed_) return false;
  SkipSpace();
  const size_t start = position_;
  if (!SkipValue()) return false;
  value = text_.substr(start, position_ - start);
  return true;
}

bool JsonReader::ReadEnd() {
  if (failed_) return false;
  SkipSpace();
  return position_ >= text_.size() || Syntax("more text after the end");
}

}  // namespace base

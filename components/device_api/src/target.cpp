// SPDX-License-Identifier: Apache-2.0
#include "target.h"

#include <charconv>

#include "base/utf8.h"
#include "device_api/http.h"

namespace device_api {
namespace {

constexpr size_t kMostSegments = 8;
constexpr size_t kMostParameters = 16;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Percent-decoding (RFC 3986, section 2.1); in a query a '+' is a space.
std::optional<std::string> Decode(std::string_view text, bool query) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]), low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && query) {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    decoded.push_back(c);
  }
  for (std::string_view rest = decoded; !rest.empty();) {
    if (base::TakeCodePoint(rest) == base::kReplacementCharacter) return std::nullopt;
  }
  return decoded;
}

}  // namespace

std::expected<Target, std::string> Target::Parse(std::string_view target) {
  if (target.size() > Request::kMostTargetBytes) return std::unexpected("the target is too long");
  if (!target.starts_with('/')) return std::unexpected("the target does not begin with /");
  Target parsed;
  const size_t mark = target.find('?');
  std::string_view path = target.substr(1, mark == std::string_view::npos ? mark : mark - 1);
  while (!path.empty()) {
    const size_t slash = path.find('/');
    auto segment = Decode(path.substr(0, slash), false);
    if (!segment || segment->empty()) return std::unexpected("the path is no path");
    parsed.path.push_back(*std::move(segment));
    if (parsed.path.size() > kMostSegments) return std::unexpected("the path has too many parts");
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  std::string_view query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    const size_t equals = parameter.find('=');
    auto name = Decode(parameter.substr(0, equals), true);
    auto value = Decode(equals == std::string_view::npos ? std::string_view() : parameter.substr(equals + 1), true);
    if (!name || !value || name->empty()) return std::unexpected("the query is no query");
    if (!parsed.query.emplace(*std::move(name), *std::move(value)).second)
      return std::unexpected("a parameter is there twice");
    if (parsed.query.size() > kMostParameters) return std::unexpected("the query has too many parameters");
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
  }
  return parsed;
}

std::optional<std::string> Query::Take(const char* name) {
  auto node = values_.extract(name);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

void Query::Refuse(const char* name, const std::string& reason) {
  if (problem_.empty()) problem_ = std::string(name) + ": " + reason;
}

std::optional<int64_t> Query::OptionalInteger(const char* name, int64_t least, int64_t most) {
  const auto text = Take(name);
  if (!text) return std::nullopt;
  int64_t value = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), value);
  if (read.ec == std::errc() && read.ptr == text->data() + text->size() && value >= least && value <= most)
    return value;
  Refuse(name, "wants an integer from " + std::to_string(least) + " to " + std::to_string(most));
  return std::nullopt;
}

int64_t Query::Integer(const char* name, int64_t least, int64_t most, int64_t otherwise) {
  return OptionalInteger(name, least, most).value_or(otherwise);
}

double Query::Number(const char* name, double least, double most, double otherwise) {
  const auto text = Take(name);
  if (!text) return otherwise;
  double value = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), value);
  const bool whole = read.ec == std::errc() && read.ptr == text->data() + text->size();
  if (whole && value >= least && value <= most) return value;
  Refuse(name, "wants a number in its range");
  return otherwise;
}

std::string Query::Text(const char* name, size_t most_bytes) {
  auto text = Take(name).value_or("");
  if (text.size() <= most_bytes) return text;
  Refuse(name, "is too long");
  return "";
}

bool Query::Flag(const char* name) {
  const auto text = Take(name);
  if (!text) return false;
  if (!text->empty() && *text != "true" && *text != "1") Refuse(name, "takes no value");
  return true;
}

std::string Query::problem() const {
  if (!problem_.empty() || values_.empty()) return problem_;
  return values_.begin()->first + ": there is no such parameter";
}

}  // namespace device_api

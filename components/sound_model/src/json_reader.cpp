// SPDX-License-Identifier: Apache-2.0
#include "sound_model/json_reader.h"

#include <cstdlib>
#include <cstring>

namespace sound_model {
namespace {

constexpr int kMaxDepth = 8;
constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kNumberCharacters = "+-.0123456789Ee";

void SkipSpace(std::string_view& text) { text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size())); }

bool Skip(std::string_view& text, char c) {
  SkipSpace(text);
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool SkipString(std::string_view& text) {
  if (!Skip(text, '"')) return false;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(c == '\\' && text.size() > 1 ? 2 : 1);
    if (c == '"') return true;
  }
  return false;
}

bool SkipScalar(std::string_view& text) {
  for (const std::string_view word : {"true", "false", "null"}) {
    if (text.starts_with(word)) {
      text.remove_prefix(word.size());
      return true;
    }
  }
  const size_t end = std::min(text.find_first_not_of(kNumberCharacters), text.size());
  const bool number = AsNumber(text.substr(0, end)).has_value();
  text.remove_prefix(end);
  return number;
}

bool SkipValue(std::string_view& text, int depth);

/// Walks the members of an object or the items of an array.
/// @param on_item  called with the name (empty in an array) and the value.
template <typename OnItem>
bool WalkContainer(std::string_view& text, int depth, OnItem&& on_item) {
  if (depth == kMaxDepth) return false;
  const bool object = text.starts_with('{');
  const char close = object ? '}' : ']';
  text.remove_prefix(1);
  if (Skip(text, close)) return true;
  do {
    SkipSpace(text);
    std::string_view name = text;
    if (object) {
      if (!SkipString(text)) return false;
      name = name.substr(1, name.size() - text.size() - 2);
      if (!Skip(text, ':')) return false;
    }
    SkipSpace(text);
    const std::string_view value = text;
    if (!SkipValue(text, depth + 1)) return false;
    on_item(name, value.substr(0, value.size() - text.size()));
  } while (Skip(text, ','));
  return Skip(text, close);
}

bool SkipValue(std::string_view& text, int depth) {
  SkipSpace(text);
  if (text.starts_with('{') || text.starts_with('[')) {
    return WalkContainer(text, depth, [](std::string_view, std::string_view) {});
  }
  return text.starts_with('"') ? SkipString(text) : SkipScalar(text);
}

template <typename OnMember>
bool WalkObject(std::string_view json, OnMember&& on_member) {
  SkipSpace(json);
  if (!json.starts_with('{') || !WalkContainer(json, 0, on_member)) return false;
  SkipSpace(json);
  return json.empty();
}

}  // namespace

std::optional<std::string_view> FindMember(std::string_view json, std::string_view name) {
  std::optional<std::string_view> found;
  const bool sound = WalkObject(json, [&](std::string_view member, std::string_view value) {
    if (member == name) found = value;
  });
  return sound ? found : std::nullopt;
}

std::optional<int> CountMembers(std::string_view json) {
  int count = 0;
  if (!WalkObject(json, [&](std::string_view, std::string_view) { ++count; })) return std::nullopt;
  return count;
}

std::optional<std::string_view> AsPlainString(std::string_view value) {
  if (value.size() < 2 || !value.starts_with('"') || value.find('\\') != value.npos) return std::nullopt;
  return value.substr(1, value.size() - 2);
}

std::optional<double> AsNumber(std::string_view value) {
  char text[32];
  if (value.empty() || value.size() >= sizeof(text) || value.find_first_not_of(kNumberCharacters) != value.npos) {
    return std::nullopt;
  }
  std::memcpy(text, value.data(), value.size());
  text[value.size()] = '\0';
  char* end = nullptr;
  const double number = std::strtod(text, &end);
  if (end != text + value.size()) return std::nullopt;
  return number;
}

}  // namespace sound_model

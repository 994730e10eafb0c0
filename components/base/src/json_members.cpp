// SPDX-License-Identifier: Apache-2.0
#include "base/json_members.h"

#include "base/json_reader.h"

namespace base {
namespace {

/// @return false when `json` is no well-formed object.
template <typename OnMember>
bool WalkObject(std::string_view json, OnMember&& on_member) {
  JsonReader reader(json);
  if (!reader.BeginObject()) return false;
  std::string name;
  std::string_view value;
  while (reader.NextField(name)) {
    if (!reader.ReadAny(value)) return false;
    on_member(std::string_view(name), value);
  }
  return reader.ReadEnd();
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

std::optional<std::string> AsString(std::string_view value) {
  JsonReader reader(value);
  std::string string;
  if (!reader.ReadString(string, value.size()) || !reader.ReadEnd()) return std::nullopt;
  return string;
}

std::optional<double> AsNumber(std::string_view value) {
  JsonReader reader(value);
  double number = 0.0;
  if (!reader.ReadNumber(number) || !reader.ReadEnd()) return std::nullopt;
  return number;
}

}  // namespace base

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace device_api {

/// A request's path and query, decoded.
struct Target {
  std::vector<std::string> path;  ///< Between the slashes; a %2f is a character like others.
  std::map<std::string, std::string> query;

  /// @return why it is none, in words.
  static std::expected<Target, std::string> Parse(std::string_view target);
};

/// Takes parameters out of a query one by one and remembers what is wrong; whatever is left over is wrong, too.
class Query {
 public:
  explicit Query(std::map<std::string, std::string> values) : values_(std::move(values)) {}

  int64_t Integer(const char* name, int64_t least, int64_t most, int64_t otherwise);
  double Number(const char* name, double least, double most, double otherwise);
  std::optional<int64_t> OptionalInteger(const char* name, int64_t least, int64_t most);
  std::string Text(const char* name, size_t most_bytes);
  bool Flag(const char* name);  ///< Present, with no value or "true".

  /// @return what is wrong with the first wrong parameter; empty when all were right and taken.
  std::string problem() const;

 private:
  std::optional<std::string> Take(const char* name);
  void Refuse(const char* name, const std::string& reason);

  std::map<std::string, std::string> values_;
  std::string problem_;
};

}  // namespace device_api

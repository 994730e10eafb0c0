// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "base/json_reader.h"
#include "device_api/http.h"

namespace device_api {

/// The answer to a body that is no JSON, or not what it must be.
Response Problem(const base::JsonError& error);

/// A field of a body, and where its value goes.
struct Field {
  const char* name;
  std::variant<bool*, std::string*> value;
  size_t most_bytes = 0;  ///< Of a string.
};

/// Reads a body that is a JSON object with exactly these fields.
/// @return the answer if it is not.
std::expected<void, Response> ReadBody(std::string_view body, std::initializer_list<Field> fields);

}  // namespace device_api

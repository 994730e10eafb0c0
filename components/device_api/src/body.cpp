// SPDX-License-Identifier: Apache-2.0
#include "body.h"

#include <algorithm>
#include <vector>

#include "answers.h"

namespace device_api {

Response Problem(const base::JsonError& error) {
  return Problem(error.kind == base::JsonError::Kind::kSyntax ? 400 : 422, error.message, error.path);
}

std::expected<void, Response> ReadBody(std::string_view body, std::initializer_list<Field> fields) {
  base::JsonReader json(body);
  std::vector<std::string_view> seen;
  json.BeginObject();
  for (std::string name; json.NextField(name);) {
    const auto field = std::ranges::find(fields, name, &Field::name);
    if (field == fields.end()) {
      json.Refuse("there is no such field");
      break;
    }
    seen.push_back(field->name);
    if (const auto* const flag = std::get_if<bool*>(&field->value)) json.ReadBool(**flag);
    if (const auto* const text = std::get_if<std::string*>(&field->value)) json.ReadString(**text, field->most_bytes);
  }
  json.ReadEnd();
  if (json.failed()) return std::unexpected(Problem(json.error()));
  for (const Field& field : fields) {
    if (std::ranges::find(seen, field.name) == seen.end())
      return std::unexpected(Problem(422, "the field is missing", std::string("/") + field.name));
  }
  return {};
}

}  // namespace device_api

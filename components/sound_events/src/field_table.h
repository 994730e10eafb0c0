// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/json_reader.h"

namespace sound_events {

/// A field that an object may have.
struct Field {
  std::string_view name;
  bool required;
  std::function<bool(base::JsonReader&)> read;
};

/// Reads an object with these fields and no others, each once at most.
/// @param fields  at most 32.
/// @return false after an error, which the reader then holds.
bool ReadFields(base::JsonReader& reader, std::span<const Field> fields);

}  // namespace sound_events

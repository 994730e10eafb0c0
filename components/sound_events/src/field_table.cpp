// SPDX-License-Identifier: Apache-2.0
#include "field_table.h"

#include <cstdint>

namespace sound_events {

bool ReadFields(base::JsonReader& reader, std::span<const Field> fields) {
  if (!reader.BeginObject()) return false;
  uint32_t seen = 0;
  std::string name;
  while (reader.NextField(name)) {
    size_t index = 0;
    while (index < fields.size() && fields[index].name != name) ++index;
    if (index == fields.size()) return reader.Refuse("there is no such field");
    if (seen >> index & 1) return reader.Refuse("stands here twice");
    seen |= uint32_t{1} << index;
    if (!fields[index].read(reader)) return false;
  }
  if (reader.failed()) return false;
  for (size_t index = 0; index < fields.size(); ++index) {
    if (!fields[index].required || (seen >> index & 1)) continue;
    std::string missing(fields[index].name);
    return reader.Refuse(missing += " is missing");
  }
  return true;
}

}  // namespace sound_events

// SPDX-License-Identifier: Apache-2.0
#include "base/json_object.h"

namespace base {
namespace {

constexpr size_t kFirstTry = 4096;
constexpr size_t kMostJson = 512 * 1024;

}  // namespace

std::string JsonObject(const std::function<void(JsonWriter&)>& write) {
  std::string memory(kFirstTry, '\0');  // grows until it fits
  while (true) {
    JsonWriter json(memory);
    json.BeginObject();
    write(json);
    json.EndObject();
    if (!json.overflowed() || memory.size() >= kMostJson) {
      memory.resize(json.text().size());
      return memory;
    }
    memory.resize(memory.size() * 4);
  }
}

}  // namespace base

// SPDX-License-Identifier: Apache-2.0
#include "entity_tag.h"

#include <array>
#include <span>

#include "answers.h"
#include "base/crc32.h"
#include "base/hex.h"

namespace device_api {

std::string EntityTag(uint32_t crc) {
  const std::array<uint8_t, 4> bytes = {static_cast<uint8_t>(crc >> 24), static_cast<uint8_t>(crc >> 16),
                                        static_cast<uint8_t>(crc >> 8), static_cast<uint8_t>(crc)};
  return '"' + base::HexText(bytes) + '"';
}

std::string EntityTag(const std::function<void(base::JsonWriter&)>& write) {
  const std::string text = JsonObject(write);
  return EntityTag(base::Crc32({reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
}

std::optional<Response> Mismatch(const Request& request, const std::string& tag) {
  if (request.if_match.empty() || request.if_match == "*" || request.if_match == tag) return std::nullopt;
  return Problem(412, "something else is in force by now: read it first");
}

}  // namespace device_api

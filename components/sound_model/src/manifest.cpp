// SPDX-License-Identifier: Apache-2.0
#include "sound_model/manifest.h"

#include "sound_model/json_reader.h"

namespace sound_model {

std::expected<std::string, Error> ModelHash(std::string_view manifest_json) {
  constexpr size_t kDigits = 64;
  const auto model = FindMember(manifest_json, "model");
  const auto hash = model.and_then([](std::string_view object) { return FindMember(object, "sha256"); })
                        .and_then(AsPlainString);
  if (!hash || hash->size() != kDigits || hash->find_first_not_of("0123456789abcdef") != hash->npos) {
    return std::unexpected(Error{ErrorCode::kDamaged, "manifest: no model.sha256 of 64 hexadecimal digits"});
  }
  return std::string(*hash);
}

}  // namespace sound_model

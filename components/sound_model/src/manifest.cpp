// SPDX-License-Identifier: Apache-2.0
#include "sound_model/manifest.h"

#include "sound_model/json_reader.h"

namespace sound_model {

std::expected<std::string, Error> FileHash(std::string_view manifest_json, std::string_view name) {
  constexpr size_t kDigits = 64;
  const auto files = FindMember(manifest_json, "files");
  const auto hash = files.and_then([&](std::string_view object) { return FindMember(object, name); })
                        .and_then([](std::string_view entry) { return FindMember(entry, "sha256"); })
                        .and_then(AsPlainString);
  if (!hash || hash->size() != kDigits || hash->find_first_not_of("0123456789abcdef") != hash->npos) {
    return std::unexpected(
        Error{ErrorCode::kDamaged, "manifest: no SHA-256 of " + std::string(name) + " in it"});
  }
  return std::string(*hash);
}

}  // namespace sound_model

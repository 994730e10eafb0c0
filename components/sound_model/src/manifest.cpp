// SPDX-License-Identifier: Apache-2.0
#include "sound_model/manifest.h"

#include "base/json_members.h"

namespace sound_model {
namespace {

std::optional<std::string_view> FindEntry(std::string_view manifest_json, std::string_view name,
                                          std::string_view field) {
  return base::FindMember(manifest_json, "files")
      .and_then([&](std::string_view files) { return base::FindMember(files, name); })
      .and_then([&](std::string_view file) { return base::FindMember(file, field); });
}

std::unexpected<Error> Missing(std::string_view what, std::string_view name) {
  return std::unexpected(
      Error{ErrorCode::kDamaged, "manifest: no " + std::string(what) + " of " + std::string(name) + " in it"});
}

}  // namespace

std::expected<std::string, Error> FileHash(std::string_view manifest_json, std::string_view name) {
  constexpr size_t kDigits = 64;
  const auto hash = FindEntry(manifest_json, name, "sha256").and_then(base::AsString);
  if (!hash || hash->size() != kDigits || hash->find_first_not_of("0123456789abcdef") != hash->npos) {
    return Missing("SHA-256", name);
  }
  return std::string(*hash);
}

std::expected<size_t, Error> FileSize(std::string_view manifest_json, std::string_view name) {
  constexpr double kMost = 1 << 30;
  const auto bytes = FindEntry(manifest_json, name, "bytes").and_then(base::AsNumber);
  if (!bytes || !(*bytes >= 1 && *bytes <= kMost)) return Missing("size", name);
  return static_cast<size_t>(*bytes);
}

}  // namespace sound_model

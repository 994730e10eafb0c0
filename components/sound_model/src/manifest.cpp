// SPDX-License-Identifier: Apache-2.0
#include "sound_model/manifest.h"

#include <optional>
#include <utility>

#include "base/json_members.h"
#include "base/sha256.h"

namespace sound_model {
namespace {

std::unexpected<Error> Refuse(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, "manifest: " + std::move(message)});
}

/// @return nothing in it when the file's entry has no such member.
std::expected<std::optional<std::string_view>, Error> FindEntry(std::string_view manifest_json, std::string_view name,
                                                                std::string_view field) {
  if (const auto checked = CheckManifest(manifest_json); !checked) return std::unexpected(checked.error());
  return base::FindMember(manifest_json, "files")
      .and_then([&](std::string_view files) { return base::FindMember(files, name); })
      .and_then([&](std::string_view file) { return base::FindMember(file, field); });
}

std::unexpected<Error> Missing(std::string_view what, std::string_view name) {
  return Refuse(ErrorCode::kDamaged, "no " + std::string(what) + " of " + std::string(name) + " in it");
}

}  // namespace

std::expected<void, Error> CheckManifest(std::string_view manifest_json) {
  if (manifest_json.size() > kLargestManifestBytes) {
    return Refuse(ErrorCode::kDamaged, std::to_string(manifest_json.size()) + " bytes, at most " +
                                           std::to_string(kLargestManifestBytes) + " are read");
  }
  const auto format = base::FindMember(manifest_json, "format");
  if (!format) return Refuse(ErrorCode::kDamaged, "no JSON object that tells its format");
  if (base::AsNumber(*format) == kManifestFormat) return {};
  constexpr size_t kShown = 20;
  return Refuse(ErrorCode::kUnsupported, "of format " + std::string(format->substr(0, kShown)) +
                                             ", this program reads format " + std::to_string(kManifestFormat));
}

std::expected<std::string, Error> FileHash(std::string_view manifest_json, std::string_view name) {
  constexpr size_t kDigits = 64;
  const auto entry = FindEntry(manifest_json, name, "sha256");
  if (!entry) return std::unexpected(entry.error());
  const auto hash = entry->and_then(base::AsString);
  if (!hash || hash->size() != kDigits || hash->find_first_not_of("0123456789abcdef") != hash->npos) {
    return Missing("SHA-256", name);
  }
  return std::string(*hash);
}

std::expected<size_t, Error> FileSize(std::string_view manifest_json, std::string_view name) {
  constexpr double kMost = 1 << 30;
  const auto entry = FindEntry(manifest_json, name, "bytes");
  if (!entry) return std::unexpected(entry.error());
  const auto bytes = entry->and_then(base::AsNumber);
  if (!bytes || !(*bytes >= 1 && *bytes <= kMost)) return Missing("size", name);
  return static_cast<size_t>(*bytes);
}

std::expected<void, Error> CheckFile(std::string_view manifest_json, std::string_view name,
                                     std::span<const uint8_t> content) {
  const auto hash = FileHash(manifest_json, name);
  if (!hash) return std::unexpected(hash.error());
  const auto size = FileSize(manifest_json, name);
  if (!size) return std::unexpected(size.error());
  if (content.size() == *size) {
    base::Sha256 sha256;
    sha256.Update(content);
    if (sha256.Finish() == *hash) return {};
  }
  return std::unexpected(Error{ErrorCode::kWrongHash, std::string(name) + " is not the file that the manifest names"});
}

}  // namespace sound_model

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "sound_model/error.h"

namespace sound_model {

inline constexpr size_t kLargestManifestBytes = 16384;
inline constexpr int kManifestFormat = 1;

/// Whether a manifest.json (docs/model-partition.md) is one that this program reads.
/// @return kDamaged when it is larger than kLargestManifestBytes or no JSON object with a format, kUnsupported when it
/// is
///         of another format than kManifestFormat.
std::expected<void, Error> CheckManifest(std::string_view manifest_json);

/// The SHA-256 of a file, 64 lower-case hexadecimal digits, from the manifest.json beside it (`files.<name>.sha256`).
/// @return CheckManifest()'s errors, and kDamaged when there is none.
std::expected<std::string, Error> FileHash(std::string_view manifest_json, std::string_view name);

/// The size of a file in bytes, from the same place (`files.<name>.bytes`).
std::expected<size_t, Error> FileSize(std::string_view manifest_json, std::string_view name);

/// Whether a file is the one that the manifest names: size and hash.
/// @return FileHash()'s errors, or kWrongHash.
std::expected<void, Error> CheckFile(std::string_view manifest_json, std::string_view name,
                                     std::span<const uint8_t> content);

}  // namespace sound_model

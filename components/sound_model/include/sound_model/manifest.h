// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "sound_model/error.h"

namespace sound_model {

/// The SHA-256 of a file, 64 lower-case hexadecimal digits, from the manifest.json beside it (`files.<name>.sha256`).
/// @return kDamaged when there is none.
std::expected<std::string, Error> FileHash(std::string_view manifest_json, std::string_view name);

/// The size of a file in bytes, from the same place (`files.<name>.bytes`).
std::expected<size_t, Error> FileSize(std::string_view manifest_json, std::string_view name);

}  // namespace sound_model

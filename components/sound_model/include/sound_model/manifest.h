// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "sound_model/error.h"

namespace sound_model {

/// The SHA-256 of yamnet.tflite, 64 lower-case hexadecimal digits, from the manifest.json beside it (`model.sha256`).
/// @return kDamaged when there is none.
std::expected<std::string, Error> ModelHash(std::string_view manifest_json);

}  // namespace sound_model

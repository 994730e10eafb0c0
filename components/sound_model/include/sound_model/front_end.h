// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string_view>

#include "log_mel/spec.h"
#include "sound_model/error.h"

namespace sound_model {

/// Name of the .tflite metadata entry that holds the front end as a JSON object.
inline constexpr std::string_view kFrontEndMetadata = "YAMNET_FRONT_END";

/// The front end a model was trained on, if it is one that log_mel computes exactly.
/// @param json  the metadata entry, as tools/convert_yamnet.py writes it.
/// @return kDamaged, or kUnsupported with a text that names both front ends.
std::expected<log_mel::LogMelSpec, Error> ParseFrontEnd(std::string_view json);

}  // namespace sound_model

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>

#include "log_mel/patch_stream.h"
#include "sound_model/model_file.h"

namespace firmware {

/// A front end for a model's input, with the transform that Kconfig chooses.
std::expected<std::unique_ptr<log_mel::PatchStream>, log_mel::Error> MakeFrontEnd(
    const log_mel::LogMelSpec& spec, const sound_model::Quantization& input);

/// "fixed-point" or "esp-dsp".
const char* SpectrumSource();

}  // namespace firmware

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "log_mel/frame_spectrum.h"
#include "log_mel/spec.h"

namespace log_mel {

/// The transform that Kconfig chooses (LOG_MEL_SPECTRUM).
/// @param spec  must have passed Validate().
std::unique_ptr<FrameSpectrum> MakeConfiguredSpectrum(const LogMelSpec& spec);

/// "fixed-point" or "esp-dsp".
const char* ConfiguredSpectrumName();

}  // namespace log_mel

// SPDX-License-Identifier: Apache-2.0
#include "log_mel/configured_spectrum.h"

#include "sdkconfig.h"

#if CONFIG_LOG_MEL_SPECTRUM_ESP_DSP
#include "log_mel/esp_dsp_spectrum.h"
#else
#include "log_mel/fixed_point_spectrum.h"
#endif

namespace log_mel {

#if CONFIG_LOG_MEL_SPECTRUM_ESP_DSP
std::unique_ptr<FrameSpectrum> MakeConfiguredSpectrum(const LogMelSpec& spec) {
  return std::make_unique<EspDspSpectrum>(spec);
}

const char* ConfiguredSpectrumName() { return "esp-dsp"; }
#else
std::unique_ptr<FrameSpectrum> MakeConfiguredSpectrum(const LogMelSpec& spec) {
  return std::make_unique<FixedPointSpectrum>(spec);
}

const char* ConfiguredSpectrumName() { return "fixed-point"; }
#endif

}  // namespace log_mel

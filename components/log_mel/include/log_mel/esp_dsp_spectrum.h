// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "log_mel/frame_spectrum.h"
#include "log_mel/spec.h"

namespace log_mel {

/// esp-dsp's float32 FFT. Quicker than FixedPointSpectrum, and less exact: next to a loud tone, ln(mel + 0.001) of
/// quiet bands is wrong by up to 5e-3, so that patches are not those of the PC bit for bit.
class EspDspSpectrum final : public FrameSpectrum {
 public:
  /// @param spec  must have passed Validate().
  explicit EspDspSpectrum(const LogMelSpec& spec);

  void Power(std::span<const int16_t> frame, std::span<float> power) override;

 private:
  int points_;                   ///< Complex points: half of fft_length.
  std::vector<float> window_;    ///< Periodic Hann, divided by 32768.
  std::vector<float> twiddles_;  ///< cos and sin of 2 pi k / fft_length, k = 0 .. points_ - 1.
  float* data_;                  ///< 16-byte aligned, points_ complex values; never freed, as esp-dsp's tables.
};

}  // namespace log_mel

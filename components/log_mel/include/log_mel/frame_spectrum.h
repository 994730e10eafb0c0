// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace log_mel {

/// The FFT seam: everything between one frame of PCM and its power spectrum. An implementation windows the frame, pads
/// it with zeros at its end and transforms it, in the arithmetic that suits its machine.
class FrameSpectrum {
 public:
  virtual ~FrameSpectrum() = default;

  /// @param frame  frame_length samples of PCM; 32768 stands for 1.0.
  /// @param power  receives |X|^2 for bins 0 .. fft_length / 2, X being the unnormalised DFT.
  virtual void Power(std::span<const int16_t> frame, std::span<float> power) = 0;
};

}  // namespace log_mel

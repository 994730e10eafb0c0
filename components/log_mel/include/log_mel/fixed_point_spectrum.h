// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "log_mel/frame_spectrum.h"
#include "log_mel/spec.h"

namespace log_mel {

/// The portable transform: integers only, so every machine and compiler gives the same bits.
///
/// It is finer than a float32 FFT where it matters. ln(mel + 0.001) looks at bins a million times smaller than a loud
/// tone's, where float32 butterflies leave noise of up to 5e-3 in the logarithm; here the frame is scaled to 31 bits,
/// butterflies sum exactly in 64 bits and round once per radix-4 pass, which keeps the error below 1e-3.
class FixedPointSpectrum final : public FrameSpectrum {
 public:
  /// @param spec  must have passed Validate().
  explicit FixedPointSpectrum(const LogMelSpec& spec);

  void Power(std::span<const int16_t> frame, std::span<float> power) override;

 private:
  struct Complex {
    int32_t re;
    int32_t im;
  };
  /// A Complex, or a sum of two, times a twiddle or times one in the twiddles' scale.
  struct Wide {
    int64_t re;
    int64_t im;
  };

  template <typename Value>
  static Wide TimesOne(Value value);
  template <typename Value>
  static Wide Times(Value value, Complex twiddle);

  void LoadWindowed(std::span<const int16_t> frame, int shift);
  void Transform();
  template <int kShift>
  void Pass(int quarter);
  template <int kShift>
  static void Butterfly(Complex* p, int quarter, Wide b, Wide c, Wide d);

  int points_;                      ///< Complex points: half of fft_length.
  std::vector<int32_t> window_;     ///< Periodic Hann, kWindowOne standing for 1.0.
  std::vector<Complex> twiddles_;   ///< exp(-2 pi i k / fft_length), k = 0 .. fft_length - 1, Q30.
  std::vector<uint16_t> reversed_;  ///< Base-4 digit reversal of 0 .. points_ - 1.
  std::vector<Complex> data_;
};

}  // namespace log_mel

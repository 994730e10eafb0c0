// SPDX-License-Identifier: Apache-2.0
// The fixed-point spectrum is the DFT's at the ends of the range, bins included that no mel band uses.
#include <cmath>
#include <complex>
#include <cstdio>
#include <numbers>
#include <vector>

#include "log_mel/fixed_point_spectrum.h"

namespace {

using log_mel::kYamnetSpec;

constexpr double kLargestError = 1e-6;  // of the largest magnitude

/// |X[k]| by definition: periodic Hann window, zero-padded at the end.
double Magnitude(const std::vector<int16_t>& frame, int k) {
  std::complex<double> sum = 0.0;
  for (size_t n = 0; n < frame.size(); ++n) {
    const double hann =
        0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * static_cast<double>(n) / kYamnetSpec.frame_length);
    const double angle = -2.0 * std::numbers::pi * k * static_cast<double>(n) / kYamnetSpec.fft_length;
    sum += hann * frame[n] / 32768.0 * std::polar(1.0, angle);
  }
  return std::abs(sum);
}

bool IsRight(const char* name, const std::vector<int16_t>& frame) {
  std::vector<float> power(kYamnetSpec.spectrum_bins());
  log_mel::FixedPointSpectrum(kYamnetSpec).Power(frame, power);
  double peak = 0.0;
  double error = 0.0;
  for (size_t k = 0; k < power.size(); ++k) {
    const double expected = Magnitude(frame, static_cast<int>(k));
    peak = std::max(peak, expected);
    error = std::max(error, std::abs(std::sqrt(static_cast<double>(power[k])) - expected));
  }
  std::printf("%s: error %.3g of a peak of %.3g\n", name, error, peak);
  return error <= kLargestError * peak;
}

}  // namespace

int main() {
  std::vector<int16_t> alternating(kYamnetSpec.frame_length);
  for (size_t n = 0; n < alternating.size(); ++n) alternating[n] = n % 2 == 0 ? 32767 : -32768;
  const bool right[] = {IsRight("lowest", std::vector<int16_t>(kYamnetSpec.frame_length, -32768)),
                        IsRight("highest", std::vector<int16_t>(kYamnetSpec.frame_length, 32767)),
                        IsRight("alternating", alternating),
                        IsRight("smallest", std::vector<int16_t>(kYamnetSpec.frame_length, 1))};
  for (const bool one : right) {
    if (!one) return 1;
  }
  return 0;
}

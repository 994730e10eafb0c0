// SPDX-License-Identifier: Apache-2.0
#include "log_mel/esp_dsp_spectrum.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

#include "dsps_fft2r.h"
#include "esp_heap_caps.h"

namespace log_mel {
namespace {

constexpr size_t kAlignment = 16;

}  // namespace

EspDspSpectrum::EspDspSpectrum(const LogMelSpec& spec)
    : points_(spec.fft_length / 2),
      window_(spec.frame_length),
      twiddles_(spec.fft_length),
      data_(static_cast<float*>(heap_caps_aligned_alloc(kAlignment, spec.fft_length * sizeof(float),
                                                        MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT))) {
  assert(data_ != nullptr);
  [[maybe_unused]] const esp_err_t result = dsps_fft2r_init_fc32(nullptr, points_);
  assert(result == ESP_OK || result == ESP_ERR_DSP_REINITIALIZED);
  for (int n = 0; n < spec.frame_length; ++n) {
    const double hann = 0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * n / spec.frame_length);
    window_[n] = static_cast<float>(hann / 32768.0);
  }
  for (int k = 0; k < points_; ++k) {
    const double angle = 2.0 * std::numbers::pi * k / spec.fft_length;
    twiddles_[2 * k] = static_cast<float>(std::cos(angle));
    twiddles_[2 * k + 1] = static_cast<float>(std::sin(angle));
  }
}

void EspDspSpectrum::Power(std::span<const int16_t> frame, std::span<float> power) {
  // Even and odd samples are real and imaginary part of half as many complex points.
  for (size_t n = 0; n < frame.size(); ++n) data_[n] = window_[n] * static_cast<float>(frame[n]);
  std::fill(data_ + frame.size(), data_ + 2 * points_, 0.0f);
  dsps_fft2r_fc32(data_, points_);
  dsps_bit_rev_fc32(data_, points_);

  // X[k] = (Z[k] + Z*[-k]) / 2 - i W^k (Z[k] - Z*[-k]) / 2
  const float dc = data_[0] + data_[1];
  const float nyquist = data_[0] - data_[1];
  power[0] = dc * dc;
  power[points_] = nyquist * nyquist;
  for (int k = 1; k < points_; ++k) {
    const float* const a = data_ + 2 * k;
    const float* const b = data_ + 2 * (points_ - k);
    const float even_re = 0.5f * (a[0] + b[0]);
    const float even_im = 0.5f * (a[1] - b[1]);
    const float odd_re = 0.5f * (a[1] + b[1]);
    const float odd_im = 0.5f * (b[0] - a[0]);
    const float c = twiddles_[2 * k];
    const float s = twiddles_[2 * k + 1];
    const float re = even_re + odd_re * c + odd_im * s;
    const float im = even_im + odd_im * c - odd_re * s;
    power[k] = re * re + im * im;
  }
}

}  // namespace log_mel

// SPDX-License-Identifier: Apache-2.0
#include "log_mel/mel_filterbank.h"

#include <algorithm>
#include <cmath>

namespace log_mel {
namespace {

double HertzToMel(double hertz) { return 1127.0 * std::log1p(hertz / 700.0); }

}  // namespace

MelFilterbank::MelFilterbank(const LogMelSpec& spec)
    : first_bin_(spec.spectrum_bins()), end_bin_(0), bands_(spec.mel_bands) {
  const double bin_hz = static_cast<double>(spec.sample_rate_hz) / spec.fft_length;
  const double low = HertzToMel(spec.mel_low_hz);
  const double step = (HertzToMel(spec.mel_high_hz) - low) / (spec.mel_bands + 1);
  std::vector<double> bin_mel(spec.spectrum_bins());
  for (int bin = 0; bin < spec.spectrum_bins(); ++bin) bin_mel[bin] = HertzToMel(bin * bin_hz);

  for (int band = 0; band < spec.mel_bands; ++band) {
    const double lower = low + band * step;
    const double center = low + (band + 1) * step;
    const double upper = low + (band + 2) * step;
    Band& entry = bands_[band];
    entry = {.first_bin = 0, .count = 0};
    for (int bin = 1; bin < spec.spectrum_bins(); ++bin) {
      const double weight =
          std::min((bin_mel[bin] - lower) / (center - lower), (upper - bin_mel[bin]) / (upper - center));
      if (weight <= 0.0) continue;
      if (entry.count == 0) entry.first_bin = bin;
      ++entry.count;
      weights_.push_back(static_cast<float>(weight));
    }
    if (entry.count > 0) {
      first_bin_ = std::min(first_bin_, entry.first_bin);
      end_bin_ = std::max(end_bin_, entry.first_bin + entry.count);
    }
  }
  first_bin_ = std::min(first_bin_, end_bin_);
}

void MelFilterbank::Apply(std::span<const float> spectrum, std::span<float> mel) const {
  const float* weight = weights_.data();
  for (size_t band = 0; band < bands_.size(); ++band) {
    const float* bin = &spectrum[bands_[band].first_bin];
    float sum = 0.0f;
    for (int i = 0; i < bands_[band].count; ++i) sum += *weight++ * *bin++;
    mel[band] = sum;
  }
}

}  // namespace log_mel

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "base/sample_rate.h"
#include "log_mel/error.h"

namespace log_mel {

/// What the mel bands sum: |X| or |X|^2.
enum class Spectrum { kMagnitude, kPower };

std::string_view SpectrumName(Spectrum spectrum);

/// The whole definition of a log-mel front end, from PCM to the patch a model sees. A model was trained on exactly one
/// of these, so the value travels with the model and is compared before anything is scored.
struct LogMelSpec {
  std::string_view name;
  int sample_rate_hz;
  int frame_length;  ///< Samples; windowed by a periodic Hann window.
  int frame_hop;     ///< Samples from one frame's start to the next.
  int fft_length;    ///< Samples; the frame is zero-padded at its end.
  int mel_bands;
  double mel_low_hz;   ///< Lower edge of the first triangle.
  double mel_high_hz;  ///< Upper edge of the last triangle.
  Spectrum spectrum;
  double log_offset;  ///< Natural logarithm of (mel + log_offset).
  int patch_frames;
  int patch_hop;  ///< Frames from one patch's start to the next.

  constexpr int spectrum_bins() const { return fft_length / 2 + 1; }
  constexpr int patch_values() const { return patch_frames * mel_bands; }
  /// Samples that one patch spans: the last frame's end minus the first frame's start.
  constexpr int patch_samples() const { return frame_length + (patch_frames - 1) * frame_hop; }

  bool operator==(const LogMelSpec&) const = default;
};

/// Google's front end (tensorflow/models, research/audioset/yamnet: params.py, features.py), on which YAMNet's weights
/// were trained.
inline constexpr LogMelSpec kYamnetSpec{
    .name = "yamnet",
    .sample_rate_hz = base::kSampleRateHz,
    .frame_length = 400,
    .frame_hop = 160,
    .fft_length = 512,
    .mel_bands = 64,
    .mel_low_hz = 125.0,
    .mel_high_hz = 7500.0,
    .spectrum = Spectrum::kMagnitude,
    .log_offset = 1e-3,
    .patch_frames = 96,
    .patch_hop = 48,
};

/// What some published int8 conversions were calibrated with: |X|^2 and ln(mel + 1e-10), otherwise the same.
inline constexpr LogMelSpec kPowerSpec = [] {
  LogMelSpec spec = kYamnetSpec;
  spec.name = "power";
  spec.spectrum = Spectrum::kPower;
  spec.log_offset = 1e-10;
  return spec;
}();

/// The named front ends this code computes.
std::span<const LogMelSpec> Profiles();

/// @return the profile of that name, or kUnknownProfile with a text that lists the names there are.
std::expected<LogMelSpec, Error> FindProfile(std::string_view name);

/// @return what makes `spec` impossible to compute, or nothing. FFT lengths are 2 * 4^k (128, 512, 2048).
std::optional<Error> Validate(const LogMelSpec& spec);

}  // namespace log_mel

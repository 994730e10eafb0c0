// SPDX-License-Identifier: Apache-2.0
#include "log_mel/spec.h"

#include <array>
#include <cmath>

namespace log_mel {
namespace {

constexpr std::array kProfiles{kYamnetSpec, kPowerSpec};

constexpr int kMaxMelBands = 512;
constexpr int kMaxPatchFrames = 4096;

bool IsSupportedFftLength(int length) { return length == 128 || length == 512 || length == 2048; }

}  // namespace

std::string_view SpectrumName(Spectrum spectrum) { return spectrum == Spectrum::kMagnitude ? "magnitude" : "power"; }

std::span<const LogMelSpec> Profiles() { return kProfiles; }

std::expected<LogMelSpec, Error> FindProfile(std::string_view name) {
  std::string known;
  for (const LogMelSpec& profile : kProfiles) {
    if (profile.name == name) return profile;
    if (!known.empty()) known += ", ";
    known += profile.name;
  }
  return std::unexpected(Error{ErrorCode::kUnknownProfile, "unknown front-end profile \"" + std::string(name) +
                                                               "\"; this program computes " + known});
}

std::optional<Error> Validate(const LogMelSpec& spec) {
  const auto invalid = [](std::string message) { return Error{ErrorCode::kInvalidSpec, std::move(message)}; };
  if (spec.sample_rate_hz <= 0) return invalid("sample_rate_hz must be positive");
  if (!IsSupportedFftLength(spec.fft_length)) return invalid("fft_length must be 128, 512 or 2048");
  if (spec.frame_length < 2 || spec.frame_length > spec.fft_length)
    return invalid("frame_length must be 2 to fft_length");
  if (spec.frame_hop < 1 || spec.frame_hop > spec.frame_length) return invalid("frame_hop must be 1 to frame_length");
  if (spec.mel_bands < 1 || spec.mel_bands > kMaxMelBands) return invalid("mel_bands must be 1 to 512");
  if (!(spec.mel_low_hz >= 0.0) || !(spec.mel_high_hz > spec.mel_low_hz) ||
      !(spec.mel_high_hz <= spec.sample_rate_hz / 2.0))
    return invalid("mel_low_hz and mel_high_hz must satisfy 0 <= low < high <= sample_rate_hz / 2");
  if (!(spec.log_offset >= 1e-30) || !std::isfinite(spec.log_offset))
    return invalid("log_offset must be finite and at least 1e-30");
  if (spec.patch_frames < 1 || spec.patch_frames > kMaxPatchFrames) return invalid("patch_frames must be 1 to 4096");
  if (spec.patch_hop < 1 || spec.patch_hop > spec.patch_frames) return invalid("patch_hop must be 1 to patch_frames");
  return std::nullopt;
}

}  // namespace log_mel

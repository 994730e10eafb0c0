// SPDX-License-Identifier: Apache-2.0
#include "sound_model/front_end.h"

#include <cmath>
#include <string>

#include "base/json_members.h"

namespace sound_model {
namespace {

constexpr int kMembers = 12;
constexpr double kRelativeTolerance = 1e-6;  // JSON holds decimal numbers

std::unexpected<Error> Damaged(std::string_view what) {
  return std::unexpected(Error{ErrorCode::kDamaged, "front-end profile: " + std::string(what)});
}

std::string KnownProfiles() {
  std::string names;
  for (const log_mel::LogMelSpec& spec : log_mel::Profiles()) {
    if (!names.empty()) names += ", ";
    names += spec.name;
  }
  return names;
}

std::string Shortened(std::string_view text) {
  constexpr size_t kLongest = 40;
  return text.size() <= kLongest ? std::string(text) : std::string(text.substr(0, kLongest)) + "...";
}

}  // namespace

std::expected<log_mel::LogMelSpec, Error> ParseFrontEnd(std::string_view json) {
  if (base::CountMembers(json) != kMembers) return Damaged("not a JSON object of 12 members");
  const auto profile = base::FindMember(json, "profile").and_then(base::AsString);
  if (!profile) return Damaged("it has no name");
  const auto spec = log_mel::FindProfile(*profile);
  if (!spec) {
    return std::unexpected(Error{ErrorCode::kUnsupported, "the model needs the front end " + Shortened(*profile) +
                                                              "; this program computes " + KnownProfiles()});
  }

  const auto differs = [&](std::string_view name, std::string_view stored, std::string_view computed) {
    return std::unexpected(Error{ErrorCode::kUnsupported, "the model needs the front end " + std::string(spec->name) +
                                                              " with " + std::string(name) + " " + Shortened(stored) +
                                                              "; this program computes " + std::string(spec->name) +
                                                              " with " + std::string(computed)});
  };
  const auto spectrum = base::FindMember(json, "spectrum");
  if (!spectrum) return Damaged("spectrum is missing");
  if (base::AsString(*spectrum) != log_mel::SpectrumName(spec->spectrum)) {
    return differs("spectrum", *spectrum, log_mel::SpectrumName(spec->spectrum));
  }
  const struct {
    std::string_view name;
    double computed;
  } numbers[] = {
      {"sample_rate_hz", static_cast<double>(spec->sample_rate_hz)},
      {"frame_length", static_cast<double>(spec->frame_length)},
      {"frame_hop", static_cast<double>(spec->frame_hop)},
      {"fft_length", static_cast<double>(spec->fft_length)},
      {"mel_bands", static_cast<double>(spec->mel_bands)},
      {"mel_low_hz", spec->mel_low_hz},
      {"mel_high_hz", spec->mel_high_hz},
      {"log_offset", spec->log_offset},
      {"patch_frames", static_cast<double>(spec->patch_frames)},
      {"patch_hop", static_cast<double>(spec->patch_hop)},
  };
  for (const auto& [name, computed] : numbers) {
    const auto stored = base::FindMember(json, name);
    if (!stored) return Damaged(std::string(name) + " is missing");
    const auto value = base::AsNumber(*stored);
    if (!value || !(std::abs(*value - computed) <= kRelativeTolerance * computed)) {
      return differs(name, *stored, std::to_string(computed));
    }
  }
  return *spec;
}

}  // namespace sound_model

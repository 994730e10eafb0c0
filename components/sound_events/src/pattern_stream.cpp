// SPDX-License-Identifier: Apache-2.0
#include "sound_events/pattern_stream.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sound_events {
namespace {

constexpr log_mel::LogMelSpec kSpec = log_mel::kYamnetSpec;
constexpr double kStep_s = 0.02;
constexpr double kTempoSpread = 0.05;    ///< Of a group's tones.
constexpr double kPeriodSpread = 0.08;   ///< Of the time from group to group.
constexpr int kStretch = 13;             ///< A tone, gap or pause is cut into stretches of about so many steps.
constexpr int kSurroundings[] = {3, 6};  ///< Bands on either side that a tone is held against.
constexpr double kLowest_db = 6.0;
constexpr double kHighest_db = 15.0;
constexpr double kLeastContrast_db = 3.0;
constexpr int kFraction = 16;  ///< Of Mean().
constexpr int kNoFit = 1024;

uint32_t SquareRoot(uint64_t value) {
  uint64_t root = 0;
  for (int bit = (std::bit_width(value) + 1) / 2; bit >= 0; --bit) {
    const uint64_t next = root | uint64_t{1} << bit;
    if (next * next <= value) root = next;
  }
  return static_cast<uint32_t>(root);
}

/// A rhythm in seconds.
struct Score {
  int tones;
  double tone_s;  ///< And of a gap between tones.
  double period_s;
  double before_s;
  double behind_s;
  double reverberation_s;
};

constexpr Score kScores[kPatterns] = {
    {.tones = 3, .tone_s = 0.5, .period_s = 4.0, .before_s = 0.75, .behind_s = 0.5, .reverberation_s = 0.08},
    {.tones = 4, .tone_s = 0.1, .period_s = 5.7, .before_s = 0.8, .behind_s = 0.4, .reverberation_s = 0.02},
};

int Steps(double seconds) { return static_cast<int>(std::lround(seconds / kStep_s)); }

}  // namespace

std::string_view PatternName(Pattern pattern) { return pattern == Pattern::kT3 ? "t3" : "t4"; }

float DecibelsPerStep(float input_scale, log_mel::Spectrum spectrum) {
  const double per_neper = 20.0 / std::log(10.0);
  return static_cast<float>(input_scale * (spectrum == log_mel::Spectrum::kMagnitude ? per_neper : per_neper / 2));
}

std::expected<PatternStream, Error> PatternStream::Create(float decibels_per_step) {
  if (!(decibels_per_step >= 0.05f && decibels_per_step <= 2.0f))
    return std::unexpected(Error{ErrorCode::kInvalidSpec, "", "a step of the model's input must be 0.05 to 2 dB"});
  return PatternStream(decibels_per_step);
}

PatternStream::PatternStream(float decibels_per_step) : sums_(size_t{kBands} * kSteps) {
  const auto steps = [&](double level) {
    return static_cast<int>(std::lround(level / decibels_per_step * kStepFrames));
  };
  lowest_ = steps(kLowest_db);
  highest_ = steps(kHighest_db);
  least_contrast_ = steps(kLeastContrast_db) * kFraction;
  rhythms_ = {MakeRhythm(Pattern::kT3), MakeRhythm(Pattern::kT4)};
}

PatternStream::Rhythm PatternStream::MakeRhythm(Pattern pattern) {
  const bool is_t3 = pattern == Pattern::kT3;
  const Score& score = kScores[static_cast<size_t>(pattern)];
  Rhythm rhythm{.groups = {},
                .phase_step = is_t3 ? 2 : 1,
                .shortest = Steps(score.period_s * (1 - kPeriodSpread)),
                .longest = Steps(score.period_s * (1 + kPeriodSpread)),
                .before = Steps(score.before_s),
                .behind = Steps(score.behind_s),
                .reverberation = Steps(score.reverberation_s),
                .sure = is_t3 ? 80 : 70,
                .impossible = is_t3 ? 300 : 240};
  for (size_t tempo = 0; tempo < kTempos; ++tempo) {
    const double length_s = score.tone_s * (1.0 + kTempoSpread * (static_cast<double>(tempo) - 1.0));
    for (int part = 2 * score.tones - 1; part-- > 0;) {
      const bool on = part % 2 == 0;
      const int begin = Steps(length_s * (part + 1)) - (on ? 0 : rhythm.reverberation);
      const int end = Steps(length_s * part);
      const int parts = std::max(1, (begin - end + kStretch / 2) / kStretch);
      for (int i = 0; i < parts; ++i) {
        rhythm.groups[tempo].push_back({.begin = static_cast<int16_t>(begin - (begin - end) * i / parts),
                                        .end = static_cast<int16_t>(begin - (begin - end) * (i + 1) / parts),
                                        .on = on});
      }
    }
  }
  return rhythm;
}

PatternStrengths PatternStream::Take(std::span<const int8_t> patch, int64_t start_sample) {
  size_t first_frame = kSpec.patch_frames - kSpec.patch_hop;
  if (start_sample != next_start_) {
    Forget();
    first_frame = 0;
  }
  next_start_ = start_sample + int64_t{kSpec.patch_hop} * kSpec.frame_hop;
  const int64_t first_step = steps_ + 1;
  for (size_t frame = first_frame; frame < static_cast<size_t>(kSpec.patch_frames); ++frame)
    Push(patch.subspan(frame * kMelBands, kMelBands));
  PatternStrengths strengths{};
  for (size_t pattern = 0; pattern < kPatterns; ++pattern) {
    Heard& heard = heard_[pattern];
    if (steps_ > heard.until) heard.strength = 0;
    if (const uint8_t found = Find(rhythms_[pattern], first_step); found > 0 && found >= heard.strength)
      heard = {.strength = found, .until = steps_ + rhythms_[pattern].longest};
    strengths[pattern] = heard.strength;
  }
  return strengths;
}

void PatternStream::Forget() {
  steps_ = 0;
  frames_in_step_ = 0;
  step_ = {};
  heard_ = {};
}

void PatternStream::Push(std::span<const int8_t> frame) {
  for (int band = 0; band < kMelBands; ++band) step_[band] = static_cast<int16_t>(step_[band] + frame[band]);
  if (++frames_in_step_ < kStepFrames) return;
  frames_in_step_ = 0;
  const auto [near, far] = kSurroundings;
  const int count = 2 * (far - near + 1);
  for (int band = 0; band < kBands; ++band) {
    const int16_t* centre = &step_[band + kFirstBand];
    int around = 0;
    for (int away = near; away <= far; ++away) around += centre[-away] + centre[away];
    const int above = std::clamp(*centre - around / count, -lowest_, highest_) + lowest_;
    uint16_t* sums = &sums_[size_t{kSteps} * band];
    sums[(steps_ + 1) % kSteps] = static_cast<uint16_t>(sums[steps_ % kSteps] + above);
  }
  step_ = {};
  ++steps_;
}

inline int PatternStream::Mean(int band, int64_t begin, int64_t end) const {
  const uint16_t* sums = &sums_[size_t{kSteps} * band];
  const auto sum = static_cast<uint16_t>(sums[end % kSteps] - sums[begin % kSteps]);
  return kFraction * int{sum} / static_cast<int>(end - begin);
}

/// How far a group's tones are above the gaps between them.
int PatternStream::Contrast(int band, int64_t end, const Group& group) const {
  int sums[2] = {0, 0};
  int counts[2] = {0, 0};
  for (const Stretch& stretch : group) {
    sums[stretch.on] += Mean(band, end - stretch.begin, end - stretch.end);
    ++counts[stretch.on];
  }
  return sums[1] / counts[1] - sums[0] / counts[0];
}

void PatternStream::AddGroup(int band, int64_t end, const Group& group, Means& means) const {
  for (const Stretch& stretch : group) {
    means.values[means.count] = static_cast<int16_t>(Mean(band, end - stretch.begin, end - stretch.end));
    means.on[means.count++] = stretch.on;
  }
}

void PatternStream::AddSilence(int band, int64_t begin, int64_t end, Means& means) const {
  const int64_t parts = std::max<int64_t>(1, (end - begin + kStretch / 2) / kStretch);
  for (int64_t i = 0; i < parts; ++i) {
    means.values[means.count] =
        static_cast<int16_t>(Mean(band, begin + (end - begin) * i / parts, begin + (end - begin) * (i + 1) / parts));
    means.on[means.count++] = false;
  }
}

/// Root mean square of how much stretches are too quiet for a tone or too loud for a pause, in 1/1024 of the contrast.
/// @param end  of the last group; the one before ended a period earlier.
int PatternStream::Misfit(int band, int64_t end, int64_t period, const Rhythm& rhythm, const Group& group) const {
  Means means;
  const int length = group.front().begin;
  AddSilence(band, end - period - length - rhythm.before, end - period - length, means);
  AddGroup(band, end - period, group, means);
  AddSilence(band, end - period + rhythm.reverberation, end - length, means);
  AddGroup(band, end, group, means);
  AddSilence(band, end + rhythm.reverberation, end + rhythm.behind, means);
  int sums[2] = {0, 0};
  int counts[2] = {0, 0};
  for (size_t i = 0; i < means.count; ++i) {
    sums[means.on[i]] += means.values[i];
    ++counts[means.on[i]];
  }
  const int tone = sums[1] / counts[1];
  const int pause = sums[0] / counts[0];
  const int contrast = tone - pause;
  if (contrast < least_contrast_) return kNoFit;
  uint64_t squares = 0;
  for (size_t i = 0; i < means.count; ++i) {
    const int64_t off = std::max(0, means.on[i] ? tone - means.values[i] : means.values[i] - pause);
    squares += static_cast<uint64_t>(off * off);
  }
  return static_cast<int>(SquareRoot((squares << 20) / means.count) / static_cast<uint32_t>(contrast));
}

/// @param first  the first step that is new: rhythms that end there or later have not been looked for.
uint8_t PatternStream::Find(const Rhythm& rhythm, int64_t first) const {
  const Group& nominal = rhythm.groups[kTempos / 2];
  const int longest_group = rhythm.groups[kTempos - 1].front().begin;
  const int64_t earliest = std::max<int64_t>(first - rhythm.behind, rhythm.longest + longest_group + rhythm.before);
  int least = rhythm.impossible;
  for (int band = 0; band < kBands; ++band) {
    int best = least_contrast_ - 1;
    int64_t end = 0;
    for (int64_t at = earliest; at <= steps_ - rhythm.behind; at += rhythm.phase_step) {
      if (const int contrast = Contrast(band, at, nominal); contrast > best) {
        best = contrast;
        end = at;
      }
    }
    if (end == 0) continue;
    best = least_contrast_ - 1;
    int64_t period = 0;
    for (int64_t tried = rhythm.shortest; tried <= rhythm.longest; tried += rhythm.phase_step) {
      if (const int contrast = Contrast(band, end - tried, nominal); contrast > best) {
        best = contrast;
        period = tried;
      }
    }
    if (period == 0) continue;
    for (const Group& group : rhythm.groups) least = std::min(least, Misfit(band, end, period, rhythm, group));
  }
  const int strength = 255 * (rhythm.impossible - least) / (rhythm.impossible - rhythm.sure);
  return static_cast<uint8_t>(std::clamp(strength, 0, 255));
}

}  // namespace sound_events

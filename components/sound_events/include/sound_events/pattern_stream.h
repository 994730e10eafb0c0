// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>
#include <vector>

#include "log_mel/spec.h"
#include "sound_events/error.h"

namespace sound_events {

/// A rhythm of tones that a rule may ask for.
enum class Pattern : uint8_t {
  kT3,  ///< Smoke: three tones of 0.5 s with gaps of 0.5 s, then 1.5 s of pause (ISO 8201).
  kT4,  ///< Carbon monoxide: four tones of 0.1 s with gaps of 0.1 s, then 5 s of pause (UL 2034).
};
inline constexpr size_t kPatterns = 2;
inline constexpr uint8_t kRatherHeard = 128;  ///< A strength from which a pattern is heard rather than not.

std::string_view PatternName(Pattern pattern);

/// How surely each pattern is heard, by Pattern: 0 not at all, 128 rather than not, 255 beyond doubt.
using PatternStrengths = std::array<uint8_t, kPatterns>;

/// Looks for rhythms of tones in the log-mel frames that a patch's int8 values hold.
///
/// A tone is a mel band above its surroundings, at any pitch from 400 to 4,000 Hz. In each such band the phase of a
/// group of tones, and the time since the group before it (within 8 % of the standard's), are where tones stand out
/// most from gaps; then every stretch of both groups, of the pause between them and of some silence around them has to
/// be as loud, or as quiet, as the rhythm wants it. Integer arithmetic; a patch's cost is bounded; nothing is allocated
/// after construction.
class PatternStream {
 public:
  /// @param decibels_per_step  what one step of the patches' values is in level (see DecibelsPerStep()).
  /// @return kInvalidSpec unless it lies between 0.05 and 2.
  static std::expected<PatternStream, Error> Create(float decibels_per_step);

  /// Takes the next patch: the frames of it that the one before had not; all of them after a gap, which no rhythm
  /// spans.
  /// @param patch         [patch_frames, mel_bands], row after row.
  /// @param start_sample  the patch's.
  /// @return what is heard at its end. A rhythm counts as heard until its next group of tones is due.
  PatternStrengths Take(std::span<const int8_t> patch, int64_t start_sample);

 private:
  static constexpr int kMelBands = log_mel::kYamnetSpec.mel_bands;
  static constexpr int kFirstBand = 6;  ///< Its centre is at 424 Hz.
  static constexpr int kBands = 44;     ///< The last one's centre is at 4,150 Hz.
  static constexpr int kStepFrames = 2;
  static constexpr int kSteps = 512;  ///< 10.24 s: longer than any rhythm at its slowest.

  static constexpr size_t kTempos = 3;  ///< At which a group of tones is tried.
  static constexpr size_t kMostStretches = 48;

  /// A tone or a gap of a group, in steps before the end of the group's last tone.
  struct Stretch {
    int16_t begin;
    int16_t end;
    bool on;
  };
  using Group = std::vector<Stretch>;
  struct Rhythm {
    std::array<Group, kTempos> groups;
    int phase_step;     ///< By which the end of a group is looked for.
    int shortest;       ///< From one group to the next, steps.
    int longest;        ///< And at most.
    int before;         ///< Silence before the first group, steps.
    int behind;         ///< And behind the last one.
    int reverberation;  ///< Left out behind a tone.
    int sure;           ///< Misfit, in 1/1024 of the contrast, that is beyond doubt.
    int impossible;     ///< And that is none at all.
  };
  /// Means of stretches, and whether a tone is to be there.
  struct Means {
    std::array<int16_t, kMostStretches> values;
    std::array<bool, kMostStretches> on;
    size_t count = 0;
  };
  struct Heard {
    uint8_t strength = 0;
    int64_t until = 0;  ///< Step.
  };

  explicit PatternStream(float decibels_per_step);
  static Rhythm MakeRhythm(Pattern pattern);

  void Forget();
  void Push(std::span<const int8_t> frame);
  int Mean(int band, int64_t begin, int64_t end) const;
  int Contrast(int band, int64_t end, const Group& group) const;
  void AddGroup(int band, int64_t end, const Group& group, Means& means) const;
  void AddSilence(int band, int64_t begin, int64_t end, Means& means) const;
  int Misfit(int band, int64_t end, int64_t period, const Rhythm& rhythm, const Group& group) const;
  uint8_t Find(const Rhythm& rhythm, int64_t first) const;

  int lowest_;          ///< How far below its surroundings a band counts, in sums of a step's frames.
  int highest_;         ///< And how far above.
  int least_contrast_;  ///< Between tone and gap, in the units of Mean().
  std::array<Rhythm, kPatterns> rhythms_;
  std::vector<uint16_t> sums_;  ///< [kBands][kSteps]: running sums of how far a band is above its surroundings.
  std::array<int16_t, kMelBands> step_{};
  int frames_in_step_ = 0;
  int64_t steps_ = 0;
  int64_t next_start_ = -1;
  std::array<Heard, kPatterns> heard_{};
};

/// What a step of a model's int8 input is in level, for a front end's spectrum.
float DecibelsPerStep(float input_scale, log_mel::Spectrum spectrum);

}  // namespace sound_events

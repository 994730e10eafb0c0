// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace base {

/// A level or a difference of levels in hundredths of a decibel. Levels are relative to full scale (dBFS): the RMS of
/// int16 samples over 32768, so that a full-scale square wave has 0 and a full-scale sine -3.01 dBFS.
using CentiDecibels = int32_t;

/// What silence (all samples zero) has: below anything that int16 samples can hold.
inline constexpr CentiDecibels kSilence = -20000;

constexpr float Decibels(CentiDecibels level) { return static_cast<float>(level) / 100.0f; }

/// How much power PCM has: sums that can be put together and taken apart.
struct Power {
  uint64_t sum_of_squares = 0;
  uint64_t samples = 0;

  void Add(std::span<const int16_t> pcm) {
    for (const int32_t sample : pcm) sum_of_squares += static_cast<uint32_t>(sample * sample);
    samples += pcm.size();
  }
  Power& operator+=(const Power& more) {
    sum_of_squares += more.sum_of_squares;
    samples += more.samples;
    return *this;
  }
  Power& operator-=(const Power& less) {
    sum_of_squares -= less.sum_of_squares;
    samples -= less.samples;
    return *this;
  }

  /// 10 log10(sum_of_squares / samples / 32768^2) in integer arithmetic, within 0.01 dB, so that chip and PC agree;
  /// kSilence when the sum is 0.
  CentiDecibels Level() const;
};

}  // namespace base

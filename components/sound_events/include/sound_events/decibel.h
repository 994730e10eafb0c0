// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace sound_events {

/// A level or a difference of levels in hundredths of a decibel. Levels are relative to full scale (dBFS): the RMS of
/// int16 samples over 32768, so that a full-scale square wave has 0 and a full-scale sine -3.01 dBFS.
using CentiDecibels = int32_t;

/// What silence (all samples zero) has: below anything that int16 samples can hold.
inline constexpr CentiDecibels kSilence = -20000;

/// 10 log10(sum_of_squares / count / 32768^2) in integer arithmetic, within 0.01 dB, so that chip and PC agree.
/// @param sum_of_squares  of int16 samples.
/// @param count           how many samples, at least 1.
/// @return kSilence when the sum is 0.
CentiDecibels LevelOf(uint64_t sum_of_squares, uint32_t count);

}  // namespace sound_events

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace base {

/// Of all PCM in this project, mono: the only rate YAMNet's front end knows.
inline constexpr int kSampleRateHz = 16000;

constexpr int64_t SamplesIn(int seconds) { return int64_t{seconds} * kSampleRateHz; }
constexpr double SecondsOf(int64_t samples) { return static_cast<double>(samples) / kSampleRateHz; }
constexpr int64_t MicrosecondsOf(int64_t samples) { return samples * 1'000'000 / kSampleRateHz; }

}  // namespace base

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

namespace audio_input {

/// The gain that esp_codec_dev's ES7210 driver sets when asked for `requested_db`: the chip has 0 to 30 dB in steps of
/// 3, then 34.5, 36 and 37.5 (its data sheet's MIC gain registers also have 33, which the driver cannot reach: 33
/// becomes 30).
constexpr float Es7210GainDb(int requested_db) {
  if (requested_db >= 37) return 37.5f;
  if (requested_db == 36) return 36.0f;
  if (requested_db >= 34) return 34.5f;
  return static_cast<float>(std::clamp(requested_db, 0, 30) / 3 * 3);
}

}  // namespace audio_input

// SPDX-License-Identifier: Apache-2.0
#include "audio_input/pcm_ring.h"

#include <algorithm>

namespace audio_input {

bool PcmRing::Push(int64_t start_sample, std::span<const int16_t> pcm) {
  if (full()) {
    overruns_.fetch_add(1);
    return false;
  }
  const uint32_t written = written_.load();
  Slot& slot = slots_[written % slots_.size()];
  slot.start_sample = start_sample;
  slot.count = static_cast<uint32_t>(std::min(pcm.size(), kBlockSamples));
  std::copy_n(pcm.begin(), slot.count, slot.pcm);
  written_.store(written + 1);
  peak_.store(std::max(peak_.load(), written + 1 - read_.load()));
  return true;
}

std::optional<base::PcmBlock> PcmRing::Front() const {
  const uint32_t read = read_.load();
  if (read == written_.load()) return std::nullopt;
  const Slot& slot = slots_[read % slots_.size()];
  return base::PcmBlock{slot.start_sample, {slot.pcm, slot.count}};
}

}  // namespace audio_input

// SPDX-License-Identifier: Apache-2.0
#include "clip_store/sample_ring.h"

#include <algorithm>

namespace clip_store {

// Samples are stored and loaded as relaxed atomics, which cost what plain ones do: a reader that is overtaken reads old
// or new samples, never anything undefined, and finds out afterwards.
void SampleRing::Write(int64_t first_sample, std::span<const int16_t> pcm) {
  const int64_t before = written_.load(std::memory_order_relaxed);
  const int64_t after = first_sample + static_cast<int64_t>(pcm.size());
  if (first_sample < before || pcm.empty()) return;
  begun_.store(after, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  for (int64_t at = std::max(before, after - capacity()); at < after; ++at) {
    const int16_t sample = at < first_sample ? int16_t{0} : pcm[static_cast<size_t>(at - first_sample)];
    std::atomic_ref(memory_[static_cast<size_t>(at % capacity())]).store(sample, std::memory_order_relaxed);
  }
  written_.store(after, std::memory_order_release);
}

int64_t SampleRing::oldest() const { return std::max<int64_t>(begun_.load(std::memory_order_acquire) - capacity(), 0); }

int64_t SampleRing::Read(int64_t first_sample, std::span<int16_t> pcm) const {
  const auto count = static_cast<int64_t>(pcm.size());
  for (int64_t i = 0; i < count; ++i) {
    int16_t& sample = memory_[static_cast<size_t>((first_sample + i) % capacity())];
    pcm[static_cast<size_t>(i)] = std::atomic_ref(sample).load(std::memory_order_relaxed);
  }
  std::atomic_thread_fence(std::memory_order_acquire);
  const int64_t readable = std::max<int64_t>(begun_.load(std::memory_order_relaxed) - capacity(), 0);
  const int64_t lost = std::clamp<int64_t>(readable - first_sample, 0, count);
  std::fill_n(pcm.begin(), lost, int16_t{0});
  return lost;
}

}  // namespace clip_store

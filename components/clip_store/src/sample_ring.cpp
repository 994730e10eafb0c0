// SPDX-License-Identifier: Apache-2.0
#include "clip_store/sample_ring.h"

#include <algorithm>

namespace clip_store {
namespace {

int64_t UpToBlock(int64_t position) {
  return (position + SampleRing::kBlock - 1) / SampleRing::kBlock * SampleRing::kBlock;
}

}  // namespace

// Samples are stored and loaded as relaxed atomics, which cost what plain ones do: a reader that is overtaken reads old
// or new samples, never anything undefined, and finds out afterwards.
void SampleRing::Write(int64_t first_sample, std::span<const int16_t> pcm) {
  const int64_t before = written_.load(std::memory_order_relaxed);
  const int64_t after = first_sample + static_cast<int64_t>(pcm.size());
  if (first_sample < before || pcm.empty()) return;
  begun_.store(after, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  const int64_t kept = std::max(before, after - capacity());
  if (kept < first_sample) {
    Silence(kept, first_sample);
    Store(first_sample, pcm);
  } else {
    Store(kept, pcm.subspan(static_cast<size_t>(kept - first_sample)));
  }
  written_.store(after, std::memory_order_release);
}

void SampleRing::Store(int64_t at, std::span<const int16_t> pcm) {
  auto slot = static_cast<size_t>(at % capacity());
  for (const int16_t sample : pcm) {
    std::atomic_ref(memory_[slot]).store(sample, std::memory_order_relaxed);
    if (++slot == memory_.size()) slot = 0;
  }
}

/// Makes zeros of the parts of blocks at both ends, and notes the whole blocks between.
void SampleRing::Silence(int64_t from, int64_t to) {
  static constexpr int16_t kZeros[kBlock] = {};
  const int64_t begin = std::min(UpToBlock(from), to);
  Store(from, std::span(kZeros).first(static_cast<size_t>(begin - from)));
  const int64_t end = std::max(begin, to / kBlock * kBlock);
  for (int64_t block = begin / kBlock; block < end / kBlock; ++block) {
    const auto slot = static_cast<size_t>(block % static_cast<int64_t>(silent_.size()));
    silent_[slot].store(static_cast<uint32_t>(block) + 1, std::memory_order_relaxed);
  }
  Store(end, std::span(kZeros).first(static_cast<size_t>(to - end)));
}

bool SampleRing::IsSilent(int64_t block) const {
  const auto slot = static_cast<size_t>(block % static_cast<int64_t>(silent_.size()));
  return silent_[slot].load(std::memory_order_relaxed) == static_cast<uint32_t>(block) + 1;
}

int64_t SampleRing::oldest() const { return std::max<int64_t>(begun_.load(std::memory_order_acquire) - capacity(), 0); }

int64_t SampleRing::Read(int64_t first_sample, std::span<int16_t> pcm) const {
  const auto count = static_cast<int64_t>(pcm.size());
  for (int64_t done = 0; done < count;) {
    const int64_t at = first_sample + done;
    const int64_t end = std::min(count, done + kBlock - at % kBlock);
    if (IsSilent(at / kBlock)) {
      std::fill(pcm.begin() + done, pcm.begin() + end, int16_t{0});
    } else {
      const auto slot = static_cast<size_t>(at % capacity());  // A block never wraps.
      for (int64_t i = done; i < end; ++i)
        pcm[static_cast<size_t>(i)] =
            std::atomic_ref(memory_[slot + static_cast<size_t>(i - done)]).load(std::memory_order_relaxed);
    }
    done = end;
  }
  std::atomic_thread_fence(std::memory_order_acquire);
  const int64_t readable = std::max<int64_t>(begun_.load(std::memory_order_relaxed) - capacity(), 0);
  const int64_t lost = std::clamp<int64_t>(readable - first_sample, 0, count);
  std::fill_n(pcm.begin(), lost, int16_t{0});
  return lost;
}

}  // namespace clip_store

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

namespace clip_store {

/// The latest PCM, so that a clip can begin before its event did and storage can be slow for a while. One thread writes
/// and never waits; one other reads, and is told what it came too late for. Nothing is allocated.
class SampleRing {
 public:
  /// @param memory  int16 samples, on the chip in PSRAM; outlives the ring.
  explicit SampleRing(std::span<int16_t> memory) : memory_(memory) {}

  /// Takes PCM whose first sample is at `first_sample` of the stream. Samples that are missing since the last call
  /// become zeros; a call with a position before end() is ignored.
  void Write(int64_t first_sample, std::span<const int16_t> pcm);

  /// One behind the newest sample.
  int64_t end() const { return written_.load(std::memory_order_acquire); }

  /// The oldest sample that can still be read.
  int64_t oldest() const;

  /// Copies samples from `first_sample` on; all must be before end().
  /// @return how many at the beginning of `pcm` were overwritten before they could be read; these are set to zero.
  int64_t Read(int64_t first_sample, std::span<int16_t> pcm) const;

  int64_t capacity() const { return static_cast<int64_t>(memory_.size()); }

 private:
  std::span<int16_t> memory_;
  std::atomic<int64_t> begun_{0};    ///< Up to here samples are being written or have been.
  std::atomic<int64_t> written_{0};  ///< Up to here they have been.
};

}  // namespace clip_store

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

namespace clip_store {

/// The latest PCM, so that a clip can begin before its event did and storage can be slow for a while. One thread writes
/// and never waits; one other reads, and is told what it came too late for. Nothing is allocated after construction.
class SampleRing {
 public:
  /// Samples that are silent or not as a whole, so that a gap costs one note for each block.
  static constexpr int64_t kBlock = 400;

  /// @param memory  int16 samples, on the chip in PSRAM; used up to a multiple of kBlock; outlives the ring.
  explicit SampleRing(std::span<int16_t> memory)
      : memory_(memory.first(memory.size() / kBlock * kBlock)), silent_(memory_.size() / kBlock) {}

  /// Takes PCM whose first sample is at `first_sample` of the stream. Samples that are missing since the last call
  /// become zeros, at the cost of two blocks of samples and a note for each other block, however long the gap; a call
  /// with a position before end() is ignored.
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
  void Store(int64_t at, std::span<const int16_t> pcm);
  void Silence(int64_t from, int64_t to);
  bool IsSilent(int64_t block) const;

  std::span<int16_t> memory_;
  std::vector<std::atomic<uint32_t>> silent_;  ///< The stream's block that lies there, if it is silent, plus one.
  std::atomic<int64_t> begun_{0};              ///< Up to here samples are being written or have been.
  std::atomic<int64_t> written_{0};            ///< Up to here they have been.
};

}  // namespace clip_store

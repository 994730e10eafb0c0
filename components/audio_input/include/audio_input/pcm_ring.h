// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

#include "base/pcm_block.h"

namespace audio_input {

inline constexpr size_t kBlockSamples = 320;  ///< 20 ms.

/// Blocks from one writer to one reader, without locks: the writer never waits for the reader.
class PcmRing {
 public:
  struct Slot {
    int64_t start_sample;
    uint32_t count;
    int16_t pcm[kBlockSamples];
  };

  /// @param slots  memory for a power of two of blocks; outlives the ring.
  explicit PcmRing(std::span<Slot> slots) : slots_(slots) {}

  /// Writer: copies up to kBlockSamples samples in.
  /// @return false when the ring is full; the block is dropped and counted as an overrun.
  bool Push(int64_t start_sample, std::span<const int16_t> pcm);
  /// Writer: true when Push() would drop a block.
  bool full() const { return written_.load() - read_.load() == slots_.size(); }

  /// Reader: the oldest block, valid until Pop().
  std::optional<base::PcmBlock> Front() const;
  void Pop() { read_.fetch_add(1); }

  uint32_t overruns() const { return overruns_.load(); }
  size_t capacity() const { return slots_.size(); }  ///< In blocks.
  uint32_t peak() const { return peak_.load(); }     ///< The most blocks that ever waited.

 private:
  std::span<Slot> slots_;
  // Blocks, counted since the start. At 50 a second they wrap after 2.7 years, in step where the size divides 2^32.
  std::atomic<uint32_t> written_ = 0;
  std::atomic<uint32_t> read_ = 0;
  std::atomic<uint32_t> overruns_ = 0;
  std::atomic<uint32_t> peak_ = 0;
};

}  // namespace audio_input

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <vector>

#include "serial_console/device.h"

namespace serial_console {

/// A patch hop has 7,680 samples, so that a chunk completes one patch at most.
inline constexpr size_t kMaxChunkSamples = 4096;
inline constexpr int64_t kSessionTimeoutMs = 30000;

/// Audio sent in chunks over the line, scored as if a microphone had heard it.
class PcmSession {
 public:
  /// @param device  outlives the session.
  explicit PcmSession(Device& device);

  struct Scored {
    int64_t start_sample;
    std::span<const int8_t> patch;
    std::span<const int8_t> scores;
    uint32_t invoke_us;
  };
  struct ChunkResult {
    std::optional<Scored> patch;  ///< Valid until the next chunk.
    int64_t next_sample;
  };
  struct Summary {
    int64_t samples;
    int patches;
  };

  std::expected<void, Error> Begin(int64_t now_ms);

  /// A chunk with the `first_sample` of the one before is the same chunk again, whose answer got lost: it gets the same
  /// answer and is not counted twice.
  std::expected<ChunkResult, Error> Take(int64_t first_sample, std::span<const int16_t> pcm, int64_t now_ms);

  std::expected<Summary, Error> End();

  /// Ends a session that nobody has spoken to for kSessionTimeoutMs, so that live listening goes on.
  void Expire(int64_t now_ms);

  bool open() const { return front_end_ != nullptr; }

 private:
  std::expected<void, Error> CheckOpen() const;
  void Close();

  Device& device_;
  log_mel::PatchStream* front_end_ = nullptr;
  int64_t last_request_ms_ = 0;
  int64_t chunk_start_ = -1;
  int64_t next_sample_ = 0;
  int patches_ = 0;
  std::optional<Scored> scored_;
  std::vector<int8_t> patch_;
  std::vector<int8_t> scores_;
};

}  // namespace serial_console

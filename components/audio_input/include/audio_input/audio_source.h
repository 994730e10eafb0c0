// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>

namespace audio_input {

/// Where PCM comes from: the microphones of a board, or a recording. All calls come from the capture task.
class AudioSource {
 public:
  virtual ~AudioSource() = default;

  /// Opens it; called again after Close().
  virtual std::expected<void, std::string> Open() = 0;
  virtual void Close() = 0;

  struct Chunk {
    size_t samples;           ///< Written to the start of `pcm`; 0 when none came in time.
    int64_t lost_before = 0;  ///< Samples that the hardware dropped before these.
    bool ended = false;       ///< No more will come, ever.
  };
  /// Waits for samples for at most kDeadAfterMs.
  virtual std::expected<Chunk, std::string> Read(std::span<int16_t> pcm) = 0;

  /// False where samples come as fast as they are read: then the reader waits for room instead of dropping.
  virtual bool real_time() const = 0;

  virtual const char* source() const = 0;  ///< "es7210" or "replay".
  virtual const char* board() const = 0;   ///< Of a microphone, "" of a recording.
  virtual float gain_db() const = 0;
};

/// The source that Kconfig chooses.
std::unique_ptr<AudioSource> MakeConfiguredSource();

}  // namespace audio_input

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "audio_input/audio_source.h"
#include "audio_input/liveness.h"
#include "audio_input/pcm_ring.h"
#include "base/level.h"
#include "clip_store/sample_ring.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "listening/device_state.h"
#include "listening/sample_clock.h"

namespace firmware {

/// Reads the audio source in a task of its own into a ring, watches whether it is alive, and reopens it when it is not.
class Capture {
 public:
  explicit Capture(std::unique_ptr<audio_input::AudioSource> source);

  std::expected<void, std::string> Open() { return source_->Open(); }
  /// @param kept    gets the same samples, for clips; nullptr where none are kept.
  /// @param clock   is told when samples come.
  void Start(clip_store::SampleRing* kept, listening::SampleClock& clock);

  /// @param reader  the task that takes blocks from ring(); notified of each one.
  void SetReader(TaskHandle_t reader) { reader_ = reader; }

  listening::AudioState state() const;

  audio_input::PcmRing& ring() { return ring_; }
  const audio_input::AudioSource& source() const { return *source_; }
  bool ended() const { return ended_.load(); }  ///< A recording has been played; no block follows those in ring().

 private:
  void Run();
  void WakeReader();
  void Deliver(std::span<const int16_t> pcm);
  void Watch(std::span<const int16_t> pcm);
  void Reopen(audio_input::Liveness liveness);

  std::unique_ptr<audio_input::AudioSource> source_;
  std::span<audio_input::PcmRing::Slot> slots_;
  audio_input::PcmRing ring_;
  base::Power power_;
  audio_input::LivenessMonitor liveness_;
  std::vector<int16_t> block_;
  std::atomic<TaskHandle_t> reader_ = nullptr;
  clip_store::SampleRing* kept_ = nullptr;
  listening::SampleClock* clock_ = nullptr;
  int64_t position_ = 0;
  int64_t heard_us_ = 0;  ///< When samples came last.
  std::atomic<uint32_t> gaps_ = 0;
  std::atomic<bool> alive_ = false;
  std::atomic<bool> ended_ = false;
  std::atomic<base::CentiDecibels> level_ = base::kSilence;
};

}  // namespace firmware

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
#include "device_clock.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

namespace firmware {

/// Reads the audio source in a task of its own into a ring, watches whether it is alive, and reopens it when it is not.
class Capture {
 public:
  explicit Capture(std::unique_ptr<audio_input::AudioSource> source);

  std::expected<void, std::string> Open() { return source_->Open(); }
  /// @param reader  the task that takes blocks from ring(); notified of each one.
  /// @param kept    gets the same samples, for clips; nullptr where none are kept.
  /// @param clock   is told when samples come.
  void Start(TaskHandle_t reader, clip_store::SampleRing* kept, DeviceClock& clock);

  audio_input::PcmRing& ring() { return ring_; }
  const audio_input::PcmRing& ring() const { return ring_; }
  const audio_input::AudioSource& source() const { return *source_; }
  uint32_t gaps() const { return gaps_.load(); }
  bool ended() const { return ended_.load(); }  ///< A recording has been played; no block follows those in ring().
  bool alive() const { return alive_.load(); }
  base::CentiDecibels level() const { return level_.load(); }  ///< Over the last second.
  TaskHandle_t task() const { return task_; }

 private:
  void Run();
  void Deliver(std::span<const int16_t> pcm);
  void Watch(std::span<const int16_t> pcm);
  void Reopen(audio_input::Liveness liveness);

  std::unique_ptr<audio_input::AudioSource> source_;
  std::span<audio_input::PcmRing::Slot> slots_;
  audio_input::PcmRing ring_;
  base::Power power_;
  audio_input::LivenessMonitor liveness_;
  std::vector<int16_t> block_;
  TaskHandle_t reader_ = nullptr;
  clip_store::SampleRing* kept_ = nullptr;
  DeviceClock* clock_ = nullptr;
  TaskHandle_t task_ = nullptr;
  int64_t position_ = 0;
  int64_t heard_us_ = 0;  ///< When samples came last.
  std::atomic<uint32_t> gaps_ = 0;
  std::atomic<bool> alive_ = false;
  std::atomic<bool> ended_ = false;
  std::atomic<base::CentiDecibels> level_ = base::kSilence;
};

}  // namespace firmware

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "audio_input/audio_source.h"
#include "audio_input/pcm_ring.h"
#include "audio_input/source_keeper.h"
#include "base/level.h"
#include "clip_store/sample_ring.h"
#include "device_clock.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "mutex.h"

namespace firmware {

/// Reads the audio source in a task of its own into a ring. A source that does not open, or dies, is opened again after
/// growing pauses; until then nobody is kept waiting.
class Capture {
 public:
  explicit Capture(std::unique_ptr<audio_input::AudioSource> source);

  /// The first attempt, before Start(); what fails is tried again by the task.
  std::expected<void, std::string> Open();
  /// The source need not be open yet.
  /// @param reader  the task that takes blocks from ring(); notified of each one.
  /// @param kept    gets the same samples, for clips; nullptr where none are kept.
  /// @param clock   is told when samples come.
  void Start(TaskHandle_t reader, clip_store::SampleRing* kept, DeviceClock& clock);

  audio_input::PcmRing& ring() { return ring_; }
  const audio_input::PcmRing& ring() const { return ring_; }
  const audio_input::AudioSource& source() const { return keeper_.source(); }
  audio_input::SourceState state() const;  ///< For any task.
  uint32_t gaps() const { return gaps_.load(); }
  bool ended() const { return ended_.load(); }  ///< A recording has been played; no block follows those in ring().
  bool alive() const { return alive_.load(); }  ///< Samples come.
  base::CentiDecibels level() const { return level_.load(); }  ///< Over the last second.
  TaskHandle_t task() const { return task_; }

 private:
  void Run();
  void Deliver(std::span<const int16_t> pcm);
  void SkipMissed();
  void Tell();

  audio_input::SourceKeeper keeper_;
  mutable Mutex state_mutex_;
  audio_input::SourceState state_;
  std::span<audio_input::PcmRing::Slot> slots_;
  audio_input::PcmRing ring_;
  base::Power power_;
  std::vector<int16_t> block_;
  TaskHandle_t reader_ = nullptr;
  clip_store::SampleRing* kept_ = nullptr;
  DeviceClock* clock_ = nullptr;
  TaskHandle_t task_ = nullptr;
  int64_t position_ = 0;
  int64_t heard_us_ = 0;  ///< When samples came last, 0 before the first.
  std::atomic<uint32_t> gaps_ = 0;
  std::atomic<bool> alive_ = false;
  std::atomic<bool> ended_ = false;
  std::atomic<base::CentiDecibels> level_ = base::kSilence;
};

}  // namespace firmware

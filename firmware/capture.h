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
#include "free_rtos_lock.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "listening/device_state.h"
#include "listening/mute_switch.h"
#include "listening/sample_clock.h"

namespace firmware {

/// Reads the audio source in a task of its own into a ring. A source that does not open, or dies, is opened again after
/// growing pauses; until then nobody is kept waiting.
class Capture {
 public:
  explicit Capture(std::unique_ptr<audio_input::AudioSource> source);

  /// The first attempt, before Start(); what fails is tried again by the task.
  std::expected<void, std::string> Open();
  /// The source need not be open yet.
  /// @param kept    gets the same samples, for clips; nullptr where none are kept.
  /// @param clock   is told when samples come.
  /// @param mute    closes the source while it is on.
  void Start(clip_store::SampleRing* kept, listening::SampleClock& clock, const listening::MuteSwitch& mute);

  /// @param reader  the task that takes blocks from ring(); notified of each one.
  void SetReader(TaskHandle_t reader) { reader_ = reader; }

  audio_input::PcmRing& ring() { return ring_; }
  const audio_input::AudioSource& source() const { return keeper_.source(); }

  // For any task.
  audio_input::SourceState source_state() const;
  listening::AudioState state() const;
  /// How often no block followed those in ring(): a recording has been played, or the owner has muted.
  uint32_t ends() const { return ends_.load(); }

 private:
  void Run();
  void Rest();
  void End();
  void WakeReader();
  void Deliver(std::span<const int16_t> pcm);
  void SkipMissed();
  void Tell();

  audio_input::SourceKeeper keeper_;
  mutable FreeRtosLock state_lock_;
  audio_input::SourceState source_state_;
  std::span<audio_input::PcmRing::Slot> slots_;
  audio_input::PcmRing ring_;
  base::Power power_;
  std::vector<int16_t> block_;
  std::atomic<TaskHandle_t> reader_ = nullptr;
  clip_store::SampleRing* kept_ = nullptr;
  listening::SampleClock* clock_ = nullptr;
  const listening::MuteSwitch* mute_ = nullptr;
  bool resting_ = false;
  int64_t position_ = 0;
  int64_t heard_us_ = 0;  ///< When samples came last, 0 before the first.
  std::atomic<uint32_t> gaps_ = 0;
  std::atomic<bool> alive_ = false;  ///< Samples come.
  std::atomic<bool> ended_ = false;  ///< A recording has been played.
  std::atomic<uint32_t> ends_ = 0;
  std::atomic<base::CentiDecibels> level_ = base::kSilence;
};

}  // namespace firmware

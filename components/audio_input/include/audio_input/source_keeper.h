// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "audio_input/audio_source.h"
#include "audio_input/liveness.h"
#include "base/backoff.h"

namespace audio_input {

struct SourceState {
  enum class Kind {
    kWaiting,  ///< It has never been open since the start.
    kOpen,
    kDead,    ///< It was open.
    kClosed,  ///< By Close().
  };
  Kind kind = Kind::kWaiting;
  uint32_t failures = 0;  ///< Openings that failed and deaths since it worked last.
  std::string error;      ///< The latest of them, "" before the first.
  int64_t pause_ms = 0;   ///< From then to the next attempt.
};

/// "waiting", "open", "dead" or "closed".
std::string_view SourceStateName(SourceState::Kind kind);

/// Keeps an audio source open: opens it, watches whether it is alive, and opens it again after pauses of 1 s, 2 s, 4 s
/// up to a minute. They start over once it has worked for kWorksAfterMs. Called by one task, which sleeps the pauses.
class SourceKeeper {
 public:
  /// Longer than a dead microphone takes to be noticed: one that opens and stays mute does not work.
  static constexpr int64_t kWorksAfterMs = 5 * kDeadAfterMs;

  /// @param now_ms  a clock that never goes back.
  SourceKeeper(std::unique_ptr<AudioSource> source, std::function<int64_t()> now_ms);

  struct Heard {
    size_t samples = 0;       ///< Written to the start of `pcm`.
    int64_t lost_before = 0;  ///< Samples that the hardware dropped before these.
    bool ended = false;       ///< No more will come, ever.
    bool opened = false;      ///< It was opened just now; what was missed is not counted in lost_before.
    bool news = false;        ///< state() has changed.
    int64_t pause_ms = 0;     ///< To sleep before the next call.
  };
  /// Opens the source if it is closed and the pause is over, else reads from it.
  Heard Read(std::span<int16_t> pcm);

  /// Closes the source until somebody reads again.
  void Close();

  const SourceState& state() const { return state_; }
  const AudioSource& source() const { return *source_; }

 private:
  Heard Open();
  void Fail(SourceState::Kind kind, std::string error);
  /// What is wrong with a microphone; a recording may be silent, and faster than the clock.
  std::optional<std::string_view> Fault(std::span<const int16_t> pcm);

  std::unique_ptr<AudioSource> source_;
  std::function<int64_t()> now_ms_;
  std::optional<LivenessMonitor> liveness_;  ///< From the first read on.
  base::Backoff backoff_;
  SourceState state_;
  int64_t opened_ms_ = 0;
  int64_t due_ms_ = 0;  ///< Of the next attempt.
};

}  // namespace audio_input

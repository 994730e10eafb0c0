// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "log_mel/error.h"
#include "log_mel/frame_spectrum.h"
#include "log_mel/mel_filterbank.h"
#include "log_mel/spec.h"

namespace log_mel {

struct LogMelFrame {
  std::span<const float> values;  ///< mel_bands values, valid until the next Feed().
  int64_t start_sample;           ///< Position of the frame's first sample in the stream.
};

/// PCM in, log-mel frames out, in blocks of any size: the frames depend on the samples alone, bit for bit. Nothing is
/// allocated after construction.
class LogMelStream {
 public:
  /// @param spectrum  made for the same spec.
  /// @return kInvalidSpec where Validate() objects.
  static std::expected<LogMelStream, Error> Create(const LogMelSpec& spec, std::unique_ptr<FrameSpectrum> spectrum);

  /// Takes all of `pcm` and calls `on_frame(const LogMelFrame&)` for each frame that it completes.
  template <typename OnFrame>
  void Feed(std::span<const int16_t> pcm, OnFrame&& on_frame) {
    while (!pcm.empty()) {
      const size_t taken = std::min(pcm.size(), frame_.size() - filled_);
      std::copy_n(pcm.begin(), taken, frame_.begin() + filled_);
      filled_ += taken;
      pcm = pcm.subspan(taken);
      if (filled_ == frame_.size()) {
        on_frame(std::as_const(Analyze()));
        DropHop();
      }
    }
  }

  /// Forgets the samples held, as after a gap.
  /// @param next_sample  the position of the next sample to be fed.
  void Reset(int64_t next_sample = 0);

  const LogMelSpec& spec() const { return spec_; }

 private:
  LogMelStream(const LogMelSpec& spec, std::unique_ptr<FrameSpectrum> spectrum);

  const LogMelFrame& Analyze();
  void DropHop();

  LogMelSpec spec_;
  std::unique_ptr<FrameSpectrum> spectrum_;
  MelFilterbank filterbank_;
  std::vector<int16_t> frame_;
  size_t filled_ = 0;
  int64_t frame_start_ = 0;
  std::vector<float> bins_;
  std::vector<float> log_mel_;
  LogMelFrame result_{};
};

}  // namespace log_mel

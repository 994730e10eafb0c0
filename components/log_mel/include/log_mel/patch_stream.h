// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "log_mel/log_mel_stream.h"
#include "log_mel/patch_quantizer.h"

namespace log_mel {

struct Patch {
  std::span<const int8_t> values;  ///< [patch_frames, mel_bands], row after row, valid until the next Feed().
  int64_t start_sample;            ///< Position of the patch's first sample in the stream.
};

/// PCM in, quantised patches out: the first one after patch_frames real frames, then one every patch_hop frames.
/// Nothing is allocated after construction.
class PatchStream {
 public:
  PatchStream(LogMelStream frames, PatchQuantizer quantizer);

  /// Takes all of `pcm` and calls `on_patch(const Patch&)` for each patch that it completes.
  template <typename OnPatch>
  void Feed(std::span<const int16_t> pcm, OnPatch&& on_patch) {
    frames_.Feed(pcm, [&](const LogMelFrame& frame) {
      if (Push(frame)) {
        on_patch(Patch{.values = values_, .start_sample = patch_start_});
        DropHop();
      }
    });
  }

  /// Forgets everything held, as after a gap: no patch spans it.
  /// @param next_sample  the position of the next sample to be fed.
  void Reset(int64_t next_sample = 0);

  const LogMelSpec& spec() const { return frames_.spec(); }

 private:
  bool Push(const LogMelFrame& frame);
  void DropHop();

  LogMelStream frames_;
  PatchQuantizer quantizer_;
  std::vector<int8_t> values_;
  size_t filled_ = 0;
  int64_t patch_start_ = 0;
};

}  // namespace log_mel

// SPDX-License-Identifier: Apache-2.0
#include "log_mel/patch_stream.h"

#include <algorithm>

namespace log_mel {

PatchStream::PatchStream(LogMelStream frames, PatchQuantizer quantizer)
    : frames_(std::move(frames)), quantizer_(quantizer), values_(frames_.spec().patch_values()) {}

bool PatchStream::Push(const LogMelFrame& frame) {
  if (filled_ == 0) patch_start_ = frame.start_sample;
  quantizer_.Quantize(frame.values, std::span(values_).subspan(filled_, frame.values.size()));
  filled_ += frame.values.size();
  return filled_ == values_.size();
}

void PatchStream::DropHop() {
  const LogMelSpec& spec = frames_.spec();
  const size_t hop = static_cast<size_t>(spec.patch_hop) * spec.mel_bands;
  std::copy(values_.begin() + hop, values_.end(), values_.begin());
  filled_ -= hop;
  patch_start_ += static_cast<int64_t>(spec.patch_hop) * spec.frame_hop;
}

void PatchStream::Reset(int64_t next_sample) {
  frames_.Reset(next_sample);
  filled_ = 0;
}

}  // namespace log_mel

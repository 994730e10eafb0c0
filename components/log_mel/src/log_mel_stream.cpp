// SPDX-License-Identifier: Apache-2.0
#include "log_mel/log_mel_stream.h"

#include <cmath>

#include "natural_log.h"

namespace log_mel {

std::expected<LogMelStream, Error> LogMelStream::Create(const LogMelSpec& spec,
                                                        std::unique_ptr<FrameSpectrum> spectrum) {
  if (auto error = Validate(spec)) return std::unexpected(*std::move(error));
  return LogMelStream(spec, std::move(spectrum));
}

LogMelStream::LogMelStream(const LogMelSpec& spec, std::unique_ptr<FrameSpectrum> spectrum)
    : spec_(spec),
      spectrum_(std::move(spectrum)),
      filterbank_(spec),
      frame_(spec.frame_length),
      bins_(spec.spectrum_bins()),
      log_mel_(spec.mel_bands) {}

const LogMelFrame& LogMelStream::Analyze() {
  spectrum_->Power(frame_, bins_);
  if (spec_.spectrum == Spectrum::kMagnitude) {
    for (int bin = filterbank_.first_bin(); bin < filterbank_.end_bin(); ++bin) bins_[bin] = std::sqrt(bins_[bin]);
  }
  filterbank_.Apply(bins_, log_mel_);
  const auto offset = static_cast<float>(spec_.log_offset);
  for (float& value : log_mel_) value = NaturalLog(value + offset);
  result_ = {.values = log_mel_, .start_sample = frame_start_};
  return result_;
}

void LogMelStream::DropHop() {
  std::copy(frame_.begin() + spec_.frame_hop, frame_.end(), frame_.begin());
  filled_ -= spec_.frame_hop;
  frame_start_ += spec_.frame_hop;
}

void LogMelStream::Reset(int64_t next_sample) {
  filled_ = 0;
  frame_start_ = next_sample;
}

}  // namespace log_mel

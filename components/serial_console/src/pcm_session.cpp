// SPDX-License-Identifier: Apache-2.0
#include "serial_console/pcm_session.h"

#include <algorithm>

namespace serial_console {
namespace {

std::unexpected<Error> Refuse(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

}  // namespace

PcmSession::PcmSession(Device& device)
    : device_(device), patch_(device.patch_values()), scores_(sound_model::kMostClasses) {}

std::expected<void, Error> PcmSession::Begin(int64_t now_ms) {
  auto front_end = device_.FrontEnd();
  if (!front_end) return std::unexpected(front_end.error());
  front_end_ = *front_end;
  front_end_->Reset();
  last_request_ms_ = now_ms;
  chunk_start_ = -1;
  next_sample_ = 0;
  patches_ = 0;
  scored_.reset();
  device_.HoldLiveInput(true);
  return {};
}

std::expected<PcmSession::ChunkResult, Error> PcmSession::Take(int64_t first_sample, std::span<const int16_t> pcm,
                                                               int64_t now_ms) {
  if (auto opened = CheckOpen(); !opened) return std::unexpected(opened.error());
  last_request_ms_ = now_ms;
  if (pcm.empty() || pcm.size() > kMaxChunkSamples) {
    return Refuse(ErrorCode::kBadArgument, "base64: a chunk has 1 to " + std::to_string(kMaxChunkSamples) + " samples");
  }
  if (first_sample == chunk_start_) return ChunkResult{scored_, next_sample_};
  if (first_sample != next_sample_) {
    return Refuse(ErrorCode::kBadArgument, "first_sample: the next one is " + std::to_string(next_sample_));
  }

  std::optional<Error> error;
  std::optional<Scored> scored;
  front_end_->Feed(pcm, [&](const log_mel::Patch& patch) {
    std::ranges::copy(patch.values, patch_.begin());
    const auto scores = std::span(scores_).first(device_.classes());
    const auto invoke_us = device_.Score(patch_, scores);
    if (!invoke_us) {
      error = invoke_us.error();
    } else {
      scored = Scored{patch.start_sample, patch_, scores, *invoke_us};
    }
  });
  if (error) {
    // The samples are in the front end already: a repetition would count them twice.
    Close();
    error->message += "; the session is ended";
    return std::unexpected(*error);
  }
  scored_ = scored;
  patches_ += scored ? 1 : 0;
  chunk_start_ = first_sample;
  next_sample_ = first_sample + static_cast<int64_t>(pcm.size());
  return ChunkResult{scored_, next_sample_};
}

std::expected<PcmSession::Summary, Error> PcmSession::End() {
  if (auto opened = CheckOpen(); !opened) return std::unexpected(opened.error());
  Close();
  return Summary{next_sample_, patches_};
}

void PcmSession::Expire(int64_t now_ms) {
  if (open() && now_ms - last_request_ms_ >= kSessionTimeoutMs) Close();
}

std::expected<void, Error> PcmSession::CheckOpen() const {
  if (open()) return {};
  return Refuse(ErrorCode::kFailed, "no session is open: send @pcm begin first");
}

void PcmSession::Close() {
  front_end_ = nullptr;
  device_.HoldLiveInput(false);
}

}  // namespace serial_console

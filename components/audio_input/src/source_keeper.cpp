// SPDX-License-Identifier: Apache-2.0
#include "audio_input/source_keeper.h"

#include <utility>

namespace audio_input {

std::string_view SourceStateName(SourceState::Kind kind) {
  switch (kind) {
    case SourceState::Kind::kWaiting:
      return "waiting";
    case SourceState::Kind::kOpen:
      return "open";
    case SourceState::Kind::kDead:
      return "dead";
    case SourceState::Kind::kClosed:
      break;
  }
  return "closed";
}

SourceKeeper::SourceKeeper(std::unique_ptr<AudioSource> source, std::function<int64_t()> now_ms)
    : source_(std::move(source)), now_ms_(std::move(now_ms)) {}

SourceKeeper::Heard SourceKeeper::Read(std::span<int16_t> pcm) {
  if (state_.kind != SourceState::Kind::kOpen) return Open();
  if (!liveness_) liveness_.emplace(now_ms_());
  const auto chunk = source_->Read(pcm);
  if (!chunk) {
    Fail(SourceState::Kind::kDead, chunk.error());
    return {.news = true, .pause_ms = state_.pause_ms};
  }
  Heard heard{.samples = chunk->samples, .lost_before = chunk->lost_before, .ended = chunk->ended};
  if (chunk->ended) return heard;
  if (const auto fault = Fault(pcm.first(chunk->samples))) {
    Fail(SourceState::Kind::kDead, std::string(*fault));
    heard.news = true;
    heard.pause_ms = state_.pause_ms;
  } else if (state_.failures > 0 && now_ms_() - opened_ms_ >= kWorksAfterMs) {
    backoff_.Reset();
    state_.failures = 0;
    heard.news = true;
  }
  return heard;
}

void SourceKeeper::Close() {
  if (state_.kind == SourceState::Kind::kOpen) source_->Close();
  state_ = {.kind = SourceState::Kind::kClosed, .failures = 0, .error = {}, .pause_ms = 0};
  backoff_.Reset();
  due_ms_ = now_ms_();
}

SourceKeeper::Heard SourceKeeper::Open() {
  if (const int64_t now_ms = now_ms_(); now_ms < due_ms_) return {.pause_ms = due_ms_ - now_ms};
  if (auto opened = source_->Open(); !opened) {
    Fail(state_.kind, std::move(opened).error());
    return {.news = true, .pause_ms = state_.pause_ms};
  }
  state_.kind = SourceState::Kind::kOpen;
  opened_ms_ = now_ms_();
  liveness_.reset();
  return {.opened = true, .news = true};
}

void SourceKeeper::Fail(SourceState::Kind kind, std::string error) {
  source_->Close();
  state_ = {.kind = kind, .failures = 0, .error = std::move(error), .pause_ms = backoff_.Fail()};
  state_.failures = backoff_.failures();
  due_ms_ = now_ms_() + state_.pause_ms;
}

std::optional<std::string_view> SourceKeeper::Fault(std::span<const int16_t> pcm) {
  if (!source_->real_time() || source_->board()[0] == '\0') return std::nullopt;
  const Liveness liveness = liveness_->Update(pcm, now_ms_());
  if (liveness == Liveness::kAlive) return std::nullopt;
  return LivenessName(liveness);
}

}  // namespace audio_input

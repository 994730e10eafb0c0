// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "audio_input/audio_source.h"

namespace audio_input {

/// Plays a WAV file, in real time or as fast as it is read, once or again and again.
class ReplaySource final : public AudioSource {
 public:
  ReplaySource(std::string path, bool real_time, bool loop);

  std::expected<void, std::string> Open() override;
  void Close() override { file_.reset(); }
  std::expected<Chunk, std::string> Read(std::span<int16_t> pcm) override;
  bool real_time() const override { return real_time_; }
  const char* source() const override { return "replay"; }
  const char* board() const override { return ""; }
  float gain_db() const override { return 0.0f; }

 private:
  std::string path_;
  bool real_time_;
  bool loop_;
  std::unique_ptr<FILE, int (*)(FILE*)> file_;
  long data_offset_ = 0;
  uint32_t samples_ = 0;
  uint32_t left_ = 0;
  int64_t started_us_ = 0;
  int64_t played_ = 0;
};

}  // namespace audio_input

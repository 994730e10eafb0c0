// SPDX-License-Identifier: Apache-2.0
#include "replay_source.h"

#include <algorithm>
#include <vector>

#include "audio_input/wav_format.h"
#include "base/sample_rate.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

namespace audio_input {

ReplaySource::ReplaySource(std::string path, bool real_time, bool loop)
    : path_(std::move(path)), real_time_(real_time), loop_(loop), file_(nullptr, std::fclose) {}

std::expected<void, std::string> ReplaySource::Open() {
  file_.reset(std::fopen(path_.c_str(), "rb"));
  if (!file_) return std::unexpected("no file " + path_ + " to replay");
  std::vector<uint8_t> head(kWavHeadBytes);
  head.resize(std::fread(head.data(), 1, head.size(), file_.get()));
  const auto data = ParseWavHead(head);
  if (!data) return std::unexpected(path_ + ": " + data.error());
  if (std::fseek(file_.get(), static_cast<long>(data->offset), SEEK_SET) != 0) {
    return std::unexpected(path_ + ": cut short");
  }
  data_offset_ = static_cast<long>(data->offset);
  samples_ = data->samples;
  left_ = samples_;
  started_us_ = esp_timer_get_time();
  played_ = 0;
  return {};
}

std::expected<AudioSource::Chunk, std::string> ReplaySource::Read(std::span<int16_t> pcm) {
  if (left_ == 0 && loop_ && std::fseek(file_.get(), data_offset_, SEEK_SET) == 0) left_ = samples_;
  const size_t wanted = std::min<size_t>(pcm.size(), left_);
  const size_t got = std::fread(pcm.data(), sizeof(int16_t), wanted, file_.get());
  left_ = got == wanted ? left_ - static_cast<uint32_t>(got) : 0;
  if (got == 0) return Chunk{.samples = 0, .ended = true};
  played_ += static_cast<int64_t>(got);
  if (real_time_) {
    const int64_t due_us = started_us_ + base::MicrosecondsOf(played_);
    const int64_t wait_ms = (due_us - esp_timer_get_time()) / 1000;
    if (wait_ms > 0) vTaskDelay(pdMS_TO_TICKS(wait_ms) + 1);
  }
  return Chunk{.samples = got};
}

}  // namespace audio_input

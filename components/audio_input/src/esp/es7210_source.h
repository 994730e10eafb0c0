// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <vector>

#include "audio_codec_ctrl_if.h"
#include "audio_codec_data_if.h"
#include "audio_codec_if.h"
#include "audio_input/audio_source.h"
#include "board/board.h"
#include "driver/i2s_std.h"
#include "esp_codec_dev.h"

namespace audio_input {

/// The board's ES7210 as I2S slave at 16 kHz, MCLK 256 fs from the S3.
class Es7210Source final : public AudioSource {
 public:
  Es7210Source();
  ~Es7210Source() override { Close(); }

  std::expected<void, std::string> Open() override;
  void Close() override;
  std::expected<Chunk, std::string> Read(std::span<int16_t> pcm) override;
  bool real_time() const override { return true; }
  const char* source() const override { return "es7210"; }
  const char* board() const override;
  float gain_db() const override;

 private:
  std::expected<void, std::string> OpenI2s(const board::Es7210Pins& pins);
  std::expected<void, std::string> OpenCodec(uint8_t i2c_address);
  static bool OnOverflow(i2s_chan_handle_t channel, i2s_event_data_t* event, void* self);

  i2s_chan_handle_t i2s_ = nullptr;
  const audio_codec_ctrl_if_t* control_ = nullptr;
  const audio_codec_data_if_t* data_ = nullptr;
  const audio_codec_if_t* codec_ = nullptr;
  esp_codec_dev_handle_t device_ = nullptr;
  std::vector<int16_t> stereo_;
  std::atomic<uint32_t> lost_buffers_ = 0;
};

}  // namespace audio_input

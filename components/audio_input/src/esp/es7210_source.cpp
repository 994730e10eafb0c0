// SPDX-License-Identifier: Apache-2.0
#include "es7210_source.h"

#include <algorithm>

#include "audio_input/dma_buffers.h"
#include "audio_input/es7210_gain.h"
#include "audio_input/liveness.h"
#include "base/sample_rate.h"
#include "board/board.h"
#include "driver/gpio.h"
#include "es7210_adc.h"
#include "esp_attr.h"
#include "esp_codec_dev_defaults.h"
#include "esp_log.h"

namespace audio_input {
namespace {

constexpr char kTag[] = "es7210";
constexpr size_t kChannels = 2;
#if CONFIG_SPIRAM_XIP_FROM_PSRAM
constexpr uint32_t kBuffers = DmaBuffers(true);
#else
constexpr uint32_t kBuffers = DmaBuffers(false);
#endif
// What the driver drops lies between blocks. A DMA descriptor holds 4,092 bytes.
static_assert(kDmaBufferFrames * kChannels * sizeof(int16_t) <= 4092);
constexpr i2s_port_t kI2sPort = I2S_NUM_0;

std::unexpected<std::string> Failed(const char* what, esp_err_t result) {
  return std::unexpected(std::string(what) + ": " + esp_err_to_name(result));
}

int16_t ToMono([[maybe_unused]] int16_t first, [[maybe_unused]] int16_t second) {
#if CONFIG_AUDIO_INPUT_MICROPHONE_BOTH
  return static_cast<int16_t>((first + second) / 2);
#elif CONFIG_AUDIO_INPUT_MICROPHONE_2
  return second;
#else
  return first;
#endif
}

}  // namespace

Es7210Source::Es7210Source() : stereo_(kChannels * kBlockSamples) {}

const char* Es7210Source::board() const { return board::name(); }

float Es7210Source::gain_db() const { return Es7210GainDb(CONFIG_AUDIO_INPUT_GAIN_DB); }

std::expected<void, std::string> Es7210Source::Open() {
  const auto pins = board::AudioPins();
  if (!pins || board::I2cBus() == nullptr) return std::unexpected("the board's I2C bus is not open");
  auto opened = OpenI2s(*pins).and_then([&] { return OpenCodec(pins->i2c_address); });
  if (!opened) Close();
  return opened;
}

std::expected<void, std::string> Es7210Source::OpenI2s(const board::Es7210Pins& pins) {
  i2s_chan_config_t channel = I2S_CHANNEL_DEFAULT_CONFIG(kI2sPort, I2S_ROLE_MASTER);
  channel.dma_desc_num = kBuffers;
  channel.dma_frame_num = kDmaBufferFrames;
  if (const esp_err_t result = i2s_new_channel(&channel, nullptr, &i2s_); result != ESP_OK) {
    return Failed("I2S", result);
  }
  i2s_std_config_t config = {
      .clk_cfg = I2S_STD_CLK_DEFAULT_CONFIG(base::kSampleRateHz),
      .slot_cfg = I2S_STD_PHILIPS_SLOT_DEFAULT_CONFIG(I2S_DATA_BIT_WIDTH_16BIT, I2S_SLOT_MODE_STEREO),
      .gpio_cfg = {.mclk = static_cast<gpio_num_t>(pins.mclk),
                   .bclk = static_cast<gpio_num_t>(pins.bclk),
                   .ws = static_cast<gpio_num_t>(pins.ws),
                   .dout = GPIO_NUM_NC,
                   .din = static_cast<gpio_num_t>(pins.din),
                   .invert_flags = {}},
  };
  config.clk_cfg.mclk_multiple = I2S_MCLK_MULTIPLE_256;
  if (const esp_err_t result = i2s_channel_init_std_mode(i2s_, &config); result != ESP_OK) {
    return Failed("I2S", result);
  }
  const i2s_event_callbacks_t callbacks = {
      .on_recv = nullptr, .on_recv_q_ovf = OnOverflow, .on_sent = nullptr, .on_send_q_ovf = nullptr};
  if (const esp_err_t result = i2s_channel_register_event_callback(i2s_, &callbacks, this); result != ESP_OK) {
    return Failed("I2S", result);
  }
  return {};
}

std::expected<void, std::string> Es7210Source::OpenCodec(uint8_t i2c_address) {
  audio_codec_i2s_cfg_t data = {};
  data.port = kI2sPort;
  data.rx_handle = i2s_;
  data_ = audio_codec_new_i2s_data(&data);
  audio_codec_i2c_cfg_t control = {};
  control.addr = static_cast<uint8_t>(i2c_address << 1);  // esp_codec_dev wants it with the R/W bit
  control.bus_handle = board::I2cBus();
  control_ = audio_codec_new_i2c_ctrl(&control);
  es7210_codec_cfg_t codec = {};
  codec.ctrl_if = control_;
  codec.mic_selected = ES7210_SEL_MIC1 | ES7210_SEL_MIC2;
  codec.mclk_div = I2S_MCLK_MULTIPLE_256;
  codec_ = control_ == nullptr ? nullptr : es7210_codec_new(&codec);
  if (data_ == nullptr || codec_ == nullptr) {
    return std::unexpected("no ES7210 answers on I2C: check the board in menuconfig, and its wiring");
  }
  esp_codec_dev_cfg_t device = {.dev_type = ESP_CODEC_DEV_TYPE_IN, .codec_if = codec_, .data_if = data_};
  device_ = esp_codec_dev_new(&device);
  esp_codec_dev_sample_info_t format = {};
  format.bits_per_sample = 16;
  format.channel = kChannels;
  format.sample_rate = base::kSampleRateHz;
  if (device_ == nullptr || esp_codec_dev_open(device_, &format) != ESP_CODEC_DEV_OK) {
    return std::unexpected("the ES7210 does not take 16 kHz, 16 bits, 2 channels");
  }
  // Only now: opening sets the gain back.
  if (esp_codec_dev_set_in_gain(device_, CONFIG_AUDIO_INPUT_GAIN_DB) != ESP_CODEC_DEV_OK) {
    return std::unexpected("the ES7210's gain cannot be set");
  }
  if (gain_db() != static_cast<float>(CONFIG_AUDIO_INPUT_GAIN_DB)) {
    ESP_LOGW(kTag, "the chip has no gain of %d dB: %.1f dB is set", CONFIG_AUDIO_INPUT_GAIN_DB,
             static_cast<double>(gain_db()));
  }
  lost_buffers_ = 0;
  return {};
}

void Es7210Source::Close() {
  if (device_ != nullptr) {
    esp_codec_dev_close(device_);
    esp_codec_dev_delete(device_);
  }
  if (codec_ != nullptr) audio_codec_delete_codec_if(codec_);
  if (control_ != nullptr) audio_codec_delete_ctrl_if(control_);
  if (data_ != nullptr) audio_codec_delete_data_if(data_);
  if (i2s_ != nullptr) {
    i2s_channel_disable(i2s_);  // disabled already when the codec was closed; that error is of no interest
    i2s_del_channel(i2s_);
  }
  device_ = nullptr;
  codec_ = nullptr;
  control_ = nullptr;
  data_ = nullptr;
  i2s_ = nullptr;
}

std::expected<AudioSource::Chunk, std::string> Es7210Source::Read(std::span<int16_t> pcm) {
  if (pcm.size() < kDmaBufferFrames) return std::unexpected("I2S is read in whole DMA buffers");
  const uint32_t lost = lost_buffers_.exchange(0);
  size_t bytes = 0;
  const esp_err_t result =
      i2s_channel_read(i2s_, stereo_.data(), stereo_.size() * sizeof(stereo_[0]), &bytes, kDeadAfterMs);
  if (result != ESP_OK && result != ESP_ERR_TIMEOUT) return Failed("I2S", result);
  if (bytes == 0) {
    lost_buffers_.fetch_add(lost);
    return Chunk{.samples = 0};
  }
  if (lost_buffers_.load() != 0) {
    // Whether more was lost before or after these samples is not known: they are given up, too.
    lost_buffers_.fetch_add(lost + 1);
    return Chunk{.samples = 0};
  }
  for (size_t i = 0; i < kDmaBufferFrames; ++i) pcm[i] = ToMono(stereo_[2 * i], stereo_[2 * i + 1]);
  return Chunk{.samples = kDmaBufferFrames, .lost_before = int64_t{lost} * kDmaBufferFrames};
}

// The driver takes only a callback in IRAM (I2S_ISR_IRAM_SAFE): overruns are counted while flash is written, too.
bool IRAM_ATTR Es7210Source::OnOverflow(i2s_chan_handle_t, i2s_event_data_t*, void* self) {
  static_cast<Es7210Source*>(self)->lost_buffers_.fetch_add(1);
  return false;
}

}  // namespace audio_input

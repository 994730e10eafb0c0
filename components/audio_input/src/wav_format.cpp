// SPDX-License-Identifier: Apache-2.0
#include "audio_input/wav_format.h"

#include <cstring>
#include <string_view>

#include "base/sample_rate.h"

namespace audio_input {
namespace {

constexpr size_t kRiffBytes = 12;
constexpr size_t kChunkHeadBytes = 8;
constexpr size_t kFormatBytes = 16;
constexpr uint16_t kPcm = 1;
constexpr uint16_t kExtensible = 0xfffe;
constexpr size_t kSubFormatAt = 24;

template <typename T>
T Load(std::span<const uint8_t> bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

bool IsTag(std::span<const uint8_t> bytes, size_t at, std::string_view tag) {
  return std::memcmp(bytes.data() + at, tag.data(), tag.size()) == 0;
}

std::unexpected<std::string> Refuse(std::string message) { return std::unexpected(std::move(message)); }

}  // namespace

std::expected<WavData, std::string> ParseWavHead(std::span<const uint8_t> head) {
  if (head.size() < kRiffBytes || !IsTag(head, 0, "RIFF") || !IsTag(head, 8, "WAVE")) return Refuse("not a WAV file");
  bool format_known = false;
  for (uint64_t at = kRiffBytes; at + kChunkHeadBytes <= head.size();) {
    const auto size = Load<uint32_t>(head, at + 4);
    const uint64_t content = at + kChunkHeadBytes;
    if (IsTag(head, at, "fmt ")) {
      if (size < kFormatBytes || content + kFormatBytes > head.size()) return Refuse("its format chunk is damaged");
      auto format = Load<uint16_t>(head, content);
      if (format == kExtensible && size >= kSubFormatAt + 2 && content + kSubFormatAt + 2 <= head.size()) {
        format = Load<uint16_t>(head, content + kSubFormatAt);
      }
      const auto channels = Load<uint16_t>(head, content + 2);
      const auto rate = Load<uint32_t>(head, content + 4);
      const auto bits = Load<uint16_t>(head, content + 14);
      if (format != kPcm || channels != 1 || rate != base::kSampleRateHz || bits != 16) {
        return Refuse("format " + std::to_string(format) + ", " + std::to_string(rate) + " Hz, " +
                      std::to_string(channels) + " channels, " + std::to_string(bits) +
                      " bits; the device plays 16-bit PCM, 16000 Hz, mono");
      }
      format_known = true;
    } else if (IsTag(head, at, "data")) {
      if (!format_known) return Refuse("its data comes before its format");
      return WavData{static_cast<uint32_t>(content), size / 2};
    }
    at = content + size + size % 2;
  }
  return Refuse("no data chunk within its first " + std::to_string(kWavHeadBytes) + " bytes");
}

}  // namespace audio_input

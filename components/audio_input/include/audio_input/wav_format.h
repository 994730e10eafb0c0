// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>

namespace audio_input {

inline constexpr size_t kWavHeadBytes = 4096;  ///< Chunks before the data may take this much.

/// Where the samples of a WAV file lie.
struct WavData {
  uint32_t offset;   ///< Bytes from the file's start.
  uint32_t samples;  ///< As the file says; it may be cut short.
};

/// Reads the head of a WAV file that the device can play: 16-bit PCM, 16 kHz, mono.
/// @param head  the first kWavHeadBytes bytes, or all there are.
/// @return what is wrong with it, in words.
std::expected<WavData, std::string> ParseWavHead(std::span<const uint8_t> head);

}  // namespace audio_input

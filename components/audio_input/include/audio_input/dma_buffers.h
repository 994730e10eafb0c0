// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "audio_input/pcm_ring.h"
#include "base/sample_rate.h"

namespace audio_input {

/// What the reader of I2S buffers may be late by: whatever runs before it on its core, and interrupts.
inline constexpr uint32_t kReaderDelayMs = 100;
/// For how long erasing a sector stops both cores at most, where code runs from flash (W25Q128JV's data sheet, tSE; it
/// takes 45 ms typically).
inline constexpr uint32_t kSectorEraseMs = 400;

/// A DMA buffer is a block of one ring slot.
inline constexpr uint32_t kDmaBufferFrames = kBlockSamples;
/// DMA buffers, so that nothing is lost over the longest stall.
constexpr uint32_t DmaBuffers(bool code_runs_from_psram) { return code_runs_from_psram ? 10 : 28; }
/// How long the reader may stay away, in ms: one buffer is being filled, one being read.
constexpr uint32_t DmaPatienceMs(uint32_t buffers) {
  return (buffers - 2) * kDmaBufferFrames * 1000 / base::kSampleRateHz;
}

static_assert(DmaPatienceMs(DmaBuffers(true)) > kReaderDelayMs);
static_assert(DmaPatienceMs(DmaBuffers(false)) > kReaderDelayMs + kSectorEraseMs);

}  // namespace audio_input

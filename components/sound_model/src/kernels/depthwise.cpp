// SPDX-License-Identifier: Apache-2.0
#include "depthwise.h"

#include "dot_product.h"

namespace sound_model::kernels {
namespace {

constexpr int kSide = 3;
constexpr int kTaps = kSide * kSide;

/// Sums of 16 channels over the nine taps.
/// @param taps     where each tap's first channel lies.
/// @param channel  the first of the 16.
/// @param weights  those of tap 0 and `channel`; each tap's lie `channels` further.
#if SOUND_MODEL_PIE
inline void SumTaps(const int8_t* const taps[kTaps], int channel, const int8_t* weights, int channels,
                    int32_t sums[kVectorBytes]) {
  // Nine products of 8 bits fit into the 20 bits that each lane of QACC has.
  alignas(16) uint32_t lanes[16];
  uint32_t* out = lanes;
  const int8_t* at;
#define TAP(offset)                         \
  "l32i %[at], %[taps], " #offset           \
  "\n"                                      \
  "add %[at], %[at], %[channel]\n"          \
  "ee.vld.128.ip q0, %[at], 0\n"            \
  "ee.vld.128.xp q1, %[weights], %[step]\n" \
  "ee.vmulas.s8.qacc q0, q1\n"
  asm volatile("ee.zero.qacc\n"
               // clang-format off
      TAP(0) TAP(4) TAP(8) TAP(12) TAP(16) TAP(20) TAP(24) TAP(28) TAP(32)
               // clang-format on
               "ee.st.qacc_l.l.128.ip %[out], 16\n"
               "ee.st.qacc_l.h.32.ip %[out], 16\n"
               "ee.st.qacc_h.l.128.ip %[out], 16\n"
               "ee.st.qacc_h.h.32.ip %[out], 16\n"
               : [at] "=&r"(at), [weights] "+r"(weights), [out] "+r"(out)
               : [taps] "r"(taps), [channel] "r"(channel), [step] "r"(channels)
               : "memory");
#undef TAP
  for (int half = 0; half < 2; ++half) {
    const uint32_t* const w = lanes + 8 * half;  // 160 bits: eight lanes of 20
    int32_t* const s = sums + 8 * half;
    s[0] = static_cast<int32_t>(w[0] << 12) >> 12;
    s[1] = static_cast<int32_t>((w[0] >> 20 | w[1] << 12) << 12) >> 12;
    s[2] = static_cast<int32_t>(w[1] << 4) >> 12;
    s[3] = static_cast<int32_t>((w[1] >> 28 | w[2] << 4) << 12) >> 12;
    s[4] = static_cast<int32_t>((w[2] >> 16 | w[3] << 16) << 12) >> 12;
    s[5] = static_cast<int32_t>(w[3] << 8) >> 12;
    s[6] = static_cast<int32_t>((w[3] >> 24 | w[4] << 8) << 12) >> 12;
    s[7] = static_cast<int32_t>(w[4]) >> 12;
  }
}
#else
inline void SumTaps(const int8_t* const taps[kTaps], int channel, const int8_t* weights, int channels,
                    int32_t sums[kVectorBytes]) {
  for (int i = 0; i < kVectorBytes; ++i) {
    sums[i] = 0;
    for (int tap = 0; tap < kTaps; ++tap) {
      sums[i] += int32_t{taps[tap][channel + i]} * weights[tap * channels + i];
    }
  }
}
#endif

template <bool kShifts>
void ConvolvePixels(const Depthwise3x3& layer, const int8_t* input, const int8_t* padding, int8_t* output) {
  const OutputStage stage = layer.stage;  // a copy of its own: int8 stores could change any other
  const int channels = layer.channels;
  const auto pixel_at = [&](int y, int x) {
    const bool inside = y >= 0 && y < layer.input_height && x >= 0 && x < layer.input_width;
    return inside ? input + (y * layer.input_width + x) * channels : padding;
  };
  for (int y = 0; y < layer.output_height; ++y) {
    for (int x = 0; x < layer.output_width; ++x) {
      const int8_t* taps[kTaps];
      for (int tap = 0; tap < kTaps; ++tap) {
        taps[tap] = pixel_at(y * layer.stride_height - layer.pad_top + tap / kSide,
                             x * layer.stride_width - layer.pad_left + tap % kSide);
      }
      for (int channel = 0; channel < channels; channel += kVectorBytes) {
        int32_t sums[kVectorBytes];
        SumTaps(taps, channel, layer.weights + channel, channels, sums);
        for (int i = 0; i < kVectorBytes; ++i) {
          output[channel + i] = Requantize<kShifts>(sums[i], stage, channel + i);
        }
      }
      output += channels;
    }
  }
}

}  // namespace

void Convolve(const Depthwise3x3& layer, const int8_t* input, const int8_t* padding, int8_t* output) {
  if (EveryChannelShifts(layer.stage, layer.channels)) {
    ConvolvePixels<true>(layer, input, padding, output);
  } else {
    ConvolvePixels<false>(layer, input, padding, output);
  }
}

}  // namespace sound_model::kernels

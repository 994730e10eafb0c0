// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>

#include "layers.h"

// The wide kernels for any processor: each file that includes this brings the vectors of one, as Isa. All of it is
// internal to that file, see layers.h, and calls nothing of the standard library that could become a function.
namespace sound_model::wide {
namespace {

constexpr int kTaps = 9;
constexpr int kSide = 3;

[[gnu::always_inline]] inline int32_t HighProduct(int32_t a, int32_t b) {
  return static_cast<int32_t>((int64_t{a} * b) >> 32);
}

[[gnu::always_inline]] inline uint8_t Clamp(int32_t value, int32_t lowest, int32_t highest) {
  value = value < lowest ? lowest : value;
  return static_cast<uint8_t>(value > highest ? highest : value);
}

/// kernels::OneProduct
[[gnu::always_inline]] inline uint8_t InOneProduct(int32_t value, const Outputs& outputs, int channel) {
  const int32_t high = HighProduct(8 * value, outputs.multiplier[channel]);
  return Clamp((high + outputs.offset[channel]) >> outputs.shift[channel], 0, 255);
}

/// kernels::Requantize()
[[gnu::always_inline]] inline uint8_t InTwoRoundings(int32_t value, const Outputs& outputs, int channel) {
  const int32_t multiplier = outputs.multiplier[channel];
  const uint32_t low = static_cast<uint32_t>(2 * value) * static_cast<uint32_t>(multiplier);
  const int32_t high = HighProduct(2 * value, multiplier) + static_cast<int32_t>(low >> 31);
  const int32_t shift = outputs.shift[channel];
  const int32_t shifted = (((high + (high >> 31)) >> (shift < 0 ? 0 : shift)) + (1 + 2 * outputs.zero_point)) >> 1;
  return Clamp(shift < 0 ? high + outputs.zero_point : shifted, outputs.lowest, outputs.highest);
}

/// @tparam kCount  channels from `channel` on.
template <int kCount>
[[gnu::always_inline]] inline void Requantize(const int32_t* __restrict values, const Outputs& outputs, int channel,
                                              uint8_t* __restrict result) {
  if (outputs.offset != nullptr) {
    for (int i = 0; i < kCount; ++i) result[i] = InOneProduct(values[i], outputs, channel + i);
  } else {
    for (int i = 0; i < kCount; ++i) result[i] = InTwoRoundings(values[i], outputs, channel + i);
  }
}

template <typename Isa>
struct PointwiseKernel {
  using Input = typename Isa::Input;
  using Weight = typename Isa::Weight;
  static constexpr int kGroup = Isa::kGroup;    ///< Products that a lane sums up at once.
  static constexpr int kPixels = Isa::kPixels;  ///< Of a tile.
  static constexpr int kTile = Isa::kVectors * Isa::kLanes;

  /// To [channels / kTile, depth / kGroup, kTile, kGroup].
  static void Pack(const int8_t* weights, int depth, int channels, void* packed) {
    auto* to = static_cast<Weight*>(packed);
    for (int first = 0; first < channels; first += kTile) {
      for (int k = 0; k < depth; k += kGroup) {
        for (int i = 0; i < kTile * kGroup; ++i) {
          const int channel = first + i / kGroup;
          *to++ = channel < channels ? weights[channel * depth + k + i % kGroup] : Weight{0};
        }
      }
    }
  }

  /// The sums of one tile, [kPixels, kTile].
  [[gnu::always_inline]] static inline void Sum(const Input* const rows[kPixels], const Weight* weights, int depth,
                                                const int32_t* bias, int32_t* sums) {
    typename Isa::Sums total[kPixels][Isa::kVectors];
#pragma GCC unroll 16
    for (int pixel = 0; pixel < kPixels; ++pixel) {
#pragma GCC unroll 4
      for (int v = 0; v < Isa::kVectors; ++v) total[pixel][v] = Isa::Load(bias + v * Isa::kLanes);
    }
    for (int k = 0; k < depth; k += kGroup, weights += kTile * kGroup) {
#pragma GCC unroll 16
      for (int pixel = 0; pixel < kPixels; ++pixel) {
        const auto values = Isa::Broadcast(rows[pixel] + k);
#pragma GCC unroll 4
        for (int v = 0; v < Isa::kVectors; ++v) {
          total[pixel][v] = Isa::Add(total[pixel][v], values, weights + v * Isa::kLanes * kGroup);
        }
      }
    }
#pragma GCC unroll 16
    for (int pixel = 0; pixel < kPixels; ++pixel) {
#pragma GCC unroll 4
      for (int v = 0; v < Isa::kVectors; ++v) Isa::Store(sums + pixel * kTile + v * Isa::kLanes, total[pixel][v]);
    }
  }

  static void Run(const Pointwise& layer, const void* input, int pixels, uint8_t* output) {
    const auto* const values = static_cast<const Input*>(input);
    const auto* weights = static_cast<const Weight*>(layer.weights);
    const Outputs outputs = layer.outputs;
    for (int channel = 0; channel < layer.channels; channel += kTile, weights += kTile * layer.depth) {
      const int left = layer.channels - channel;
      for (int first = 0; first < pixels; first += kPixels) {
        const Input* rows[kPixels];
        for (int i = 0; i < kPixels; ++i) {  // pixels behind the last are the last again
          rows[i] = values + int64_t{first + i < pixels ? first + i : pixels - 1} * layer.depth;
        }
        alignas(64) int32_t sums[kPixels * kTile];
        Sum(rows, weights, layer.depth, outputs.bias + channel, sums);
        for (int i = 0; i < kPixels && first + i < pixels; ++i) {
          uint8_t* const to = output + int64_t{first + i} * layer.channels + channel;
          if (left >= kTile) {
            Requantize<kTile>(sums + i * kTile, outputs, channel, to);
          } else {
            uint8_t all[kTile];
            Requantize<kTile>(sums + i * kTile, outputs, channel, all);
            std::memcpy(to, all, static_cast<size_t>(left));
          }
        }
      }
    }
  }
};

void Widen(const uint8_t* __restrict values, int count, int16_t* __restrict widened) {
  for (int i = 0; i < count; ++i) widened[i] = values[i];
}

void ConvolveDepthwise(const Depthwise& layer, const uint8_t* input, uint8_t* output) {
  constexpr int kChannels = 16;
  const int channels = layer.channels;
  const Outputs outputs = layer.outputs;
  for (int y = 0; y < layer.output_height; ++y) {
    for (int x = 0; x < layer.output_width; ++x, output += channels) {
      const uint8_t* taps[kTaps];
      for (int tap = 0; tap < kTaps; ++tap) {
        const int row = y * layer.stride_height - layer.pad_top + tap / kSide;
        const int column = x * layer.stride_width - layer.pad_left + tap % kSide;
        const bool inside = row >= 0 && row < layer.input_height && column >= 0 && column < layer.input_width;
        taps[tap] = inside ? input + int64_t{row * layer.input_width + column} * channels : layer.padding;
      }
      for (int channel = 0; channel < channels; channel += kChannels) {
        int32_t sums[kChannels];
        for (int i = 0; i < kChannels; ++i) sums[i] = outputs.bias[channel + i];
#pragma GCC unroll 9
        for (int tap = 0; tap < kTaps; ++tap) {
          const uint8_t* const values = taps[tap] + channel;
          const int16_t* const weights = layer.weights + tap * channels + channel;
          for (int i = 0; i < kChannels; ++i) sums[i] += static_cast<int16_t>(values[i] * weights[i]);
        }
        Requantize<kChannels>(sums, outputs, channel, output + channel);
      }
    }
  }
}

template <typename Isa>
constexpr Kernels KernelsOf(const char* name) {
  using Kernel = PointwiseKernel<Isa>;
  return {.name = name,
          .tile = Kernel::kTile,
          .weight_bytes = sizeof(typename Isa::Weight),
          .input_bytes = sizeof(typename Isa::Input),
          .pack = Kernel::Pack,
          .widen = Widen,
          .pointwise = Kernel::Run,
          .depthwise = ConvolveDepthwise};
}

}  // namespace
}  // namespace sound_model::wide

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

template <typename Vector>
[[gnu::always_inline]] inline Vector Load(const void* values) {
  Vector vector;
  std::memcpy(&vector, values, sizeof(vector));
  return vector;
}

/// One vector of channels, from sums and biases to outputs.
/// @param channel  the first of them.
template <typename Isa>
[[gnu::always_inline]] inline void Requantize(typename Isa::Sums values, const Outputs& outputs, int channel,
                                              uint8_t* result) {
  using Sums = typename Isa::Sums;
  using Unsigned = typename Isa::Unsigned;
  const auto multiplier = Load<Sums>(outputs.multiplier + channel);
  const auto shift = Load<Sums>(outputs.shift + channel);
  if (outputs.offset != nullptr) {  // kernels::OneProduct
    const auto offset = Load<Sums>(outputs.offset + channel);
    return Isa::ToBytes((Isa::High(8 * values, multiplier) + offset) >> shift, result);
  }
  const Sums twice = 2 * values;  // kernels::Requantize()
  const auto low = reinterpret_cast<Unsigned>(twice) * reinterpret_cast<Unsigned>(multiplier);
  const Sums high = Isa::High(twice, multiplier) + reinterpret_cast<Sums>(low >> 31);
  const Sums further = shift < 0 ? Sums{} : shift;
  const Sums shifted = (((high + (high >> 31)) >> further) + (1 + 2 * outputs.zero_point)) >> 1;
  Sums scaled = shift < 0 ? high + outputs.zero_point : shifted;
  scaled = scaled < outputs.lowest ? outputs.lowest + Sums{} : scaled;
  Isa::ToBytes(scaled > outputs.highest ? outputs.highest + Sums{} : scaled, result);
}

template <typename Isa>
struct PointwiseKernel {
  using Sums = typename Isa::Sums;
  using Input = typename Isa::Input;
  using Weight = typename Isa::Weight;
  static constexpr int kLanes = sizeof(Sums) / sizeof(int32_t);
  static constexpr int kGroup = Isa::kGroup;      ///< Products that a lane sums up at once.
  static constexpr int kPixels = Isa::kPixels;    ///< Of a tile.
  static constexpr int kVectors = Isa::kVectors;  ///< Of each of its pixels.
  static constexpr int kTile = kVectors * kLanes;

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

  /// One tile of sums and biases.
  [[gnu::always_inline]] static inline void Sum(const Input* const rows[kPixels], const Weight* weights, int depth,
                                                const int32_t* bias, Sums sums[kPixels][kVectors]) {
#pragma GCC unroll 16
    for (int pixel = 0; pixel < kPixels; ++pixel) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[pixel][v] = Load<Sums>(bias + v * kLanes);
    }
    for (int k = 0; k < depth; k += kGroup, weights += kTile * kGroup) {
#pragma GCC unroll 16
      for (int pixel = 0; pixel < kPixels; ++pixel) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          sums[pixel][v] = Isa::Add(sums[pixel][v], rows[pixel] + k, weights + v * kLanes * kGroup);
        }
      }
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
        Sums sums[kPixels][kVectors];
        Sum(rows, weights, layer.depth, outputs.bias + channel, sums);
#pragma GCC unroll 16
        for (int i = 0; i < kPixels; ++i) {
          if (first + i >= pixels) break;
          uint8_t* const to = output + int64_t{first + i} * layer.channels + channel;
          uint8_t tile[kTile];
          uint8_t* const all = left >= kTile ? to : tile;
#pragma GCC unroll 4
          for (int v = 0; v < kVectors; ++v) {
            Requantize<Isa>(sums[i][v], outputs, channel + v * kLanes, all + v * kLanes);
          }
          if (left < kTile) std::memcpy(to, tile, static_cast<size_t>(left));
        }
      }
    }
  }
};

void Widen(const uint8_t* __restrict values, int count, int16_t* __restrict widened) {
  for (int i = 0; i < count; ++i) widened[i] = values[i];
}

template <typename Isa>
void ConvolveDepthwise(const Depthwise& layer, const uint8_t* input, uint8_t* output) {
  using Sums = typename Isa::Sums;
  constexpr int kLanes = sizeof(Sums) / sizeof(int32_t);
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
      for (int channel = 0; channel < channels; channel += kLanes) {
        auto sums = Load<Sums>(outputs.bias + channel);
#pragma GCC unroll 9
        for (int tap = 0; tap < kTaps; ++tap) {
          const Sums values = Isa::FromBytes(taps[tap] + channel);
          sums = Isa::AddProducts(sums, values, Load<Sums>(layer.weights + tap * channels + channel));
        }
        Requantize<Isa>(sums, outputs, channel, output + channel);
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
          .depthwise = ConvolveDepthwise<Isa>};
}

}  // namespace
}  // namespace sound_model::wide

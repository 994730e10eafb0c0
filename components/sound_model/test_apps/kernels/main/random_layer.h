// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

#include "kernels/requantize.h"
#include "kernels/tflite_rounding.h"

// Layers of random and extreme values in all border shapes, and TensorFlow Lite's definition of their outputs.
namespace random_layer {

inline constexpr int kVector = 16;
inline constexpr int8_t kUntouched = 85;

/// Values at a 16-byte boundary, with a vector of others before and behind.
template <typename T>
class Aligned {
 public:
  explicit Aligned(size_t size) : size_(size), bytes_(size * sizeof(T) + 3 * kVector, kUntouched) {}

  T* data() {
    const auto begin = reinterpret_cast<uintptr_t>(bytes_.data()) + kVector;
    return reinterpret_cast<T*>((begin + kVector - 1) / kVector * kVector);
  }
  size_t size() const { return size_; }
  bool OthersUntouched() {
    const auto* const begin = reinterpret_cast<const int8_t*>(data());
    const int8_t* const end = begin + size_ * sizeof(T);
    for (const int8_t* byte = bytes_.data(); byte < bytes_.data() + bytes_.size(); ++byte) {
      if ((byte < begin || byte >= end) && *byte != kUntouched) return false;
    }
    return true;
  }

 private:
  size_t size_;
  std::vector<int8_t> bytes_;
};

class Dice {
 public:
  int Between(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  bool OneIn(int n) { return Between(1, n) == 1; }

  /// Random values, or one of them only, or extremes only.
  void Fill(int8_t* values, size_t count, int lowest) {
    const int kind = Between(0, 5);
    const int same = OneIn(2) ? lowest : 127;
    for (size_t i = 0; i < count; ++i) {
      const int value = kind == 0 ? same : kind == 1 ? (OneIn(2) ? lowest : 127) : Between(lowest, 127);
      values[i] = static_cast<int8_t>(value);
    }
  }

 private:
  std::mt19937 random_{14};
};

/// Quantisation of a layer, with multipliers for which many outputs do not saturate.
struct Quantized {
  std::vector<int32_t> raw_bias;
  std::vector<int32_t> bias;
  std::vector<int32_t> multiplier;
  std::vector<int32_t> further_shift;
  int32_t input_zero_point;
  int32_t zero_point;
  bool one_product = true;

  sound_model::kernels::OutputStage Stage() const {
    return {.bias = bias.data(),
            .multiplier = multiplier.data(),
            .further_shift = further_shift.data(),
            .zero_point = zero_point,
            .lowest = -128,
            .highest = 127,
            .one_product = one_product};
  }
  int8_t Expected(int32_t sum, int channel) const {
    return tflite_rounding::Requantize(sum + raw_bias[channel], multiplier[channel], further_shift[channel] + 1,
                                       zero_point);
  }
};

/// @param weight  the one of a channel that stands at a place.
template <typename Weight>
Quantized Quantize(Dice& dice, int channels, int count, Weight&& weight) {
  Quantized result;
  const bool usual = !dice.OneIn(4);
  result.zero_point = usual ? -128 : dice.Between(-128, 127);
  result.input_zero_point = usual ? -128 : dice.Between(-128, 127);
  const bool calm = !dice.OneIn(3);
  const int usual_shift = dice.Between(5, 8);
  const int least = dice.OneIn(4) ? 126 << 24 : 1 << 30;  // where 16 bits hold an output's whole range, or almost
  for (int channel = 0; channel < channels; ++channel) {
    int32_t sum = 0;
    int32_t absolute = 0;
    for (int i = 0; i < count; ++i) {
      const int32_t value = weight(channel, i);
      sum += value;
      absolute += value < 0 ? -value : value;
    }
    const int32_t reach = dice.OneIn(3) ? 100'000 : 1000 + 64 * absolute;
    result.raw_bias.push_back(dice.Between(-reach, reach));
    result.bias.push_back(sound_model::kernels::FoldedBias(result.raw_bias.back(), sum, result.input_zero_point));
    result.multiplier.push_back(!calm && dice.OneIn(20) ? 0x7FFFFFFF : dice.Between(least, 0x7FFF7FFF));
    const int exponent = !calm && dice.OneIn(10) ? dice.Between(0, 31) : usual_shift + dice.Between(-1, 1);
    result.further_shift.push_back(sound_model::kernels::FurtherShift(-exponent));
  }
  for (int channel = 0; channel < channels; ++channel) {
    result.one_product =
        result.one_product && sound_model::kernels::InOneProduct(result.Stage(), channel, int64_t{1} << 27);
  }
  return result;
}

/// A convolution over single pixels.
struct Pointwise {
  int pixels;
  int depth;
  int channels;
  Aligned<int8_t> input;    ///< [pixels, depth]
  Aligned<int8_t> weights;  ///< [channels, depth]
  Aligned<int8_t> output;   ///< [pixels, channels], to be written.
  Quantized quantized;

  explicit Pointwise(Dice& dice)
      : pixels(dice.OneIn(8) ? dice.Between(127, 259) : dice.Between(1, 9)),
        depth(kVector * (dice.OneIn(4) ? dice.Between(8, 20) : dice.Between(1, 8))),
        channels(dice.Between(1, 20) + (dice.OneIn(4) ? dice.Between(1, 60) : 0)),
        input(static_cast<size_t>(pixels * depth)),
        weights(static_cast<size_t>(channels * depth)),
        output(static_cast<size_t>(pixels * channels)) {
    dice.Fill(input.data(), input.size(), -128);
    dice.Fill(weights.data(), weights.size(), -127);
    quantized = Quantize(dice, channels, depth,
                         [&](int channel, int i) { return int32_t{weights.data()[channel * depth + i]}; });
  }

  /// Whether all outputs are right, and nothing besides them was written. Prints the first that is not.
  bool Check() {
    for (int pixel = 0; pixel < pixels; ++pixel) {
      for (int channel = 0; channel < channels; ++channel) {
        int64_t sum = 0;
        for (int i = 0; i < depth; ++i) {
          sum += (input.data()[pixel * depth + i] - quantized.input_zero_point) * weights.data()[channel * depth + i];
        }
        const int expected = quantized.Expected(static_cast<int32_t>(sum), channel);
        const int got = output.data()[pixel * channels + channel];
        if (got == expected) continue;
        std::printf("pointwise, %d pixels, %d to %d channels, pixel %d, channel %d, sum %d: %d, not %d\n", pixels,
                    depth, channels, pixel, channel, static_cast<int>(sum), got, expected);
        return false;
      }
    }
    return output.OthersUntouched();
  }
};

/// A 3x3 depthwise convolution, with padding SAME or none.
struct Depthwise {
  static constexpr int kSide = 3;
  static constexpr int kTaps = kSide * kSide;

  int channels;
  int height;
  int width;
  int stride;
  bool same;
  int output_height;
  int output_width;
  int pad_top;
  int pad_left;
  Aligned<int8_t> input;    ///< [height, width, channels]
  Aligned<int8_t> weights;  ///< [3, 3, channels]
  Aligned<int8_t> output;   ///< [output_height, output_width, channels], to be written.
  Quantized quantized;

  explicit Depthwise(Dice& dice)
      : channels(kVector * dice.Between(1, 4)),
        height(dice.Between(1, 9)),
        width(dice.Between(1, 9)),
        stride(dice.Between(1, 2)),
        same(!dice.OneIn(4) || height < kSide || width < kSide),
        output_height(OutOf(height)),
        output_width(OutOf(width)),
        pad_top(PaddingOf(height)),
        pad_left(PaddingOf(width)),
        input(static_cast<size_t>(height * width * channels)),
        weights(static_cast<size_t>(kTaps * channels)),
        output(static_cast<size_t>(output_height * output_width * channels)) {
    dice.Fill(input.data(), input.size(), -128);
    dice.Fill(weights.data(), weights.size(), -127);
    for (int channel = 0; channel < channels; ++channel) {
      if (!dice.OneIn(3)) Stretch(dice.Between(0, height - 1), dice.Between(0, width - 1), channel, dice.OneIn(2));
    }
    quantized = Quantize(dice, channels, kTaps,
                         [&](int channel, int i) { return int32_t{weights.data()[i * channels + channel]}; });
  }

  /// As Pointwise's.
  bool Check() {
    for (int y = 0; y < output_height; ++y) {
      for (int x = 0; x < output_width; ++x) {
        for (int channel = 0; channel < channels; ++channel) {
          const int32_t sum = Sum(y, x, channel);
          const int expected = quantized.Expected(sum, channel);
          const int got = output.data()[(y * output_width + x) * channels + channel];
          if (got == expected) continue;
          std::printf("depthwise, %dx%dx%d, stride %d, at %d, %d, channel %d, sum %d: %d, not %d\n", height, width,
                      channels, stride, y, x, channel, static_cast<int>(sum), got, expected);
          return false;
        }
      }
    }
    return output.OthersUntouched();
  }

 private:
  int OutOf(int size) const { return same ? (size + stride - 1) / stride : (size - kSide) / stride + 1; }
  int PaddingOf(int size) const { return same ? std::max(0, (OutOf(size) - 1) * stride + kSide - size) / 2 : 0; }

  /// Makes the sum at one place the largest or the smallest that a channel can have.
  void Stretch(int y, int x, int channel, bool largest) {
    for (int tap = 0; tap < kTaps; ++tap) {
      const int in_y = y + tap / kSide;
      const int in_x = x + tap % kSide;
      if (in_y >= height || in_x >= width) continue;
      const bool positive = weights.data()[tap * channels + channel] > 0;
      input.data()[(in_y * width + in_x) * channels + channel] = positive == largest ? 127 : -128;
    }
  }

  int32_t Sum(int y, int x, int channel) {
    int64_t sum = 0;
    for (int tap = 0; tap < kTaps; ++tap) {
      const int in_y = y * stride - pad_top + tap / kSide;
      const int in_x = x * stride - pad_left + tap % kSide;
      if (in_y < 0 || in_y >= height || in_x < 0 || in_x >= width) continue;
      sum += (input.data()[(in_y * width + in_x) * channels + channel] - quantized.input_zero_point) *
             weights.data()[tap * channels + channel];
    }
    return static_cast<int32_t>(sum);
  }
};

}  // namespace random_layer

// SPDX-License-Identifier: Apache-2.0
#include "depthwise.h"

#include <algorithm>
#include <cstring>

#include "dot_product.h"

namespace sound_model::kernels {
namespace {

constexpr int kSide = 3;
constexpr int kTaps = kSide * kSide;
constexpr int kLanes = 8;      // of 16 bits
constexpr int kLaneBytes = 5;  // of QACC

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

/// 16 channels, one by one.
/// @param padding     channels values that are all the input's zero point: it stands for pixels outside.
/// @param requantize  maps a sum and which of the 16 it is to an output.
template <typename Requantizer>
void ConvolveScalars(const Depthwise3x3& layer, int channel, const int8_t* input, const int8_t* padding, int8_t* output,
                     Requantizer&& requantize) {
  const auto pixel_at = [&](int y, int x) {
    const bool inside = y >= 0 && y < layer.input_height && x >= 0 && x < layer.input_width;
    return inside ? input + (y * layer.input_width + x) * layer.channels : padding;
  };
  output += channel;
  for (int y = 0; y < layer.output_height; ++y) {
    for (int x = 0; x < layer.output_width; ++x, output += layer.channels) {
      const int8_t* taps[kTaps];
      for (int tap = 0; tap < kTaps; ++tap) {
        taps[tap] = pixel_at(y * layer.stride_height - layer.pad_top + tap / kSide,
                             x * layer.stride_width - layer.pad_left + tap % kSide);
      }
      int32_t sums[kVectorBytes];
      SumTaps(taps, channel, layer.weights + channel, layer.channels, sums);
      for (int i = 0; i < kVectorBytes; ++i) output[i] = requantize(sums[i], i);
    }
  }
}

void ConvolveScalars(const Depthwise3x3& layer, int channel, const int8_t* input, const int8_t* padding,
                     int8_t* output) {
  if (!layer.stage.one_product) {
    ConvolveScalars(layer, channel, input, padding, output,
                    [&](int32_t sum, int i) { return Requantize(sum, layer.stage, channel + i); });
    return;
  }
  OneProduct products[kVectorBytes];
  int32_t biases[kVectorBytes];
  for (int i = 0; i < kVectorBytes; ++i) {
    products[i] = OneProduct(layer.stage, channel + i);
    biases[i] = layer.stage.bias[channel + i];
  }
  ConvolveScalars(layer, channel, input, padding, output,
                  [&](int32_t sum, int i) { return products[i](sum + biases[i]); });
}

// As vectors, eight channels at a time. OneProduct is floor((v m + o 2^29) / 2^(31 + e)), with v the sum and bias, m
// the multiplier, o the offset, e the exponent. Channels of an eight share one shift, 31 + E with the largest of their
// exponents: the weights and the bias of each are scaled by 2^(E - e), which is exact. With c = -o 2^29 / m, rounded, v
// is x + c, where x decides within 16 bits (kNarrow) and may saturate beyond, since the output does so, too, or since
// no sum reaches further. Then the output is
//     floor((x m + C) / 2^(31 + E)), C = c m + o 2^29, |C| < 2^31
// computed from m = mh 2^16 + ml and C = Ch 2^16 + Cl, ml and Cl signed, without any further rounding, as
//     ((x mh + Ch) + floor((x ml + Cl) / 2^16)) >> (15 + E).
// The last shift is one of 7 + E bits that saturates to 16 bits, whose upper 8 are the output. kWide has an x of two
// values that saturate to 16 bits on either side: x = xa + xb, of y - 2^15 and y + 2^15 - 1, where y = x + 1.
constexpr int kMostExponent = 12;  // for c to be found in float32, and for 64 bits
constexpr int kMostScaling = 8;    // weights stay within 16 bits
constexpr int32_t kLeastMultiplier = 1 << 30;
constexpr int32_t kMostMultiplier = 0x7FFF7FFF;  // mh stays within 16 bits
constexpr int32_t kHalf = 1 << 15;
constexpr int32_t kGap = 2 * kHalf - 1;  // from y - 2^15 to y + 2^15 - 1

struct Lane {
  int scaling;     ///< E - e
  int64_t start;   ///< What the sum of products is added to, for x or y - 2^15.
  int64_t offset;  ///< C

  Lane(const OutputStage& stage, int channel, int exponent, bool wide) {
    const OneProduct product(stage, channel);
    scaling = exponent + 2 - product.shift;
    const int32_t scaled_offset = product.offset * (1 << scaling);
    constexpr float kUnit = 1 << 29;
    const auto center = static_cast<int32_t>(
        static_cast<float>(-scaled_offset) * kUnit / static_cast<float>(product.multiplier) + 0.5f);
    start = (int64_t{stage.bias[channel]} << scaling) - center + (wide ? 1 - kHalf : 0);
    offset = int64_t{center} * product.multiplier + scaled_offset * (int64_t{1} << 29);
  }
};

/// E of eight channels.
int LargestExponent(const OutputStage& stage, int channel) {
  return *std::max_element(stage.further_shift + channel, stage.further_shift + channel + kLanes) + 1;
}

/// Whether x may saturate: the output has done so, or no sum reaches there.
bool Decides(const Depthwise3x3& layer, int channel, int exponent, bool wide) {
  const int32_t multiplier = layer.stage.multiplier[channel];
  const int scaling = exponent - 1 - layer.stage.further_shift[channel];
  if (multiplier < kLeastMultiplier || multiplier > kMostMultiplier || scaling > kMostScaling) return false;
  const Lane lane(layer.stage, channel, exponent, wide);
  int64_t lowest = lane.start;
  int64_t highest = lane.start;
  for (int tap = 0; tap < kTaps; ++tap) {
    const int64_t weight = int64_t{layer.weights[tap * layer.channels + channel]} << scaling;
    lowest += std::min(weight * -128, weight * 127);
    highest += std::max(weight * -128, weight * 127);
  }
  const int64_t least = wide ? -2 * kHalf : -kHalf;  // x, saturated
  const int64_t most = wide ? 2 * (kHalf - 1) : kHalf - 1;
  const auto output = [&](int64_t x) { return (x * multiplier + lane.offset) >> (31 + exponent); };
  return (output(least) <= -128 || lowest >= -kHalf - (wide ? kGap : 0)) &&
         (output(most) >= 127 || highest <= kHalf - 1);
}

DepthwiseWay ChooseWay(const Depthwise3x3& layer, int channel) {
  const int exponent = LargestExponent(layer.stage, channel);
  if (exponent > kMostExponent) return DepthwiseWay::kScalar;
  for (const bool wide : {false, true}) {
    bool decides = true;
    for (int i = 0; i < kLanes; ++i) decides = decides && Decides(layer, channel + i, exponent, wide);
    if (decides) return wide ? DepthwiseWay::kWide : DepthwiseWay::kNarrow;
  }
  return DepthwiseWay::kScalar;
}

/// The constants of eight channels, in the order in which they are used.
struct alignas(16) Eight {
  int16_t weights[kTaps][kLanes];
  int16_t gap[2][kLanes];  ///< Two factors of kGap.
  int16_t low_offset[kLanes];
  int16_t low_multiplier[kLanes];
  int16_t high_multiplier[kLanes];
  int16_t high_offset[kLanes];
  int16_t one[kLanes];
  alignas(16) uint8_t start[64];  ///< Of QACC as it is loaded: four lanes of 40 bits, twice.
  int32_t shift;
  bool wide;

  uint8_t* StartOf(int lane) { return start + lane / 4 * 32 + lane % 4 * kLaneBytes; }
};

/// 40 bits, lower bytes first.
void SetStart(uint8_t bytes[kLaneBytes], int64_t value) {
  const auto low = static_cast<uint32_t>(value);
  bytes[0] = static_cast<uint8_t>(low);
  bytes[1] = static_cast<uint8_t>(low >> 8);
  bytes[2] = static_cast<uint8_t>(low >> 16);
  bytes[3] = static_cast<uint8_t>(low >> 24);
  bytes[4] = static_cast<uint8_t>(value >> 32);
}

/// The lower half as a signed value, and what then is the upper one.
void Split(int64_t value, int16_t& low, int16_t& high) {
  low = static_cast<int16_t>(value);
  high = static_cast<int16_t>((value - low) >> 16);
}

/// A padded copy of eight channels' input as 16 bits.
struct Plane {
  int height;
  int width;
  int16_t* values;  ///< [height, width, kLanes]

  Plane(const Depthwise3x3& layer, int8_t* scratch)
      : height((layer.output_height - 1) * layer.stride_height + kSide),
        width((layer.output_width - 1) * layer.stride_width + kSide),
        values(reinterpret_cast<int16_t*>(scratch)) {}

  int bytes() const { return height * width * kVectorBytes; }
};

#if SOUND_MODEL_PIE
/// Eight channels of `pixels` as 16 bits.
void Widen(const int8_t* input, int pixels, int channels, int16_t* values) {
  asm volatile(
      "ee.zero.q q2\n"
      "loopnez %[pixels], widen_end_%=\n"
      "ee.vld.l.64.xp q0, %[input], %[channels]\n"
      "ee.vcmp.lt.s8 q1, q0, q2\n"
      "ee.vzip.8 q0, q1\n"
      "ee.vst.128.ip q0, %[values], 16\n"
      "widen_end_%=:\n"
      : [input] "+&r"(input), [values] "+&r"(values)
      : [pixels] "r"(pixels), [channels] "r"(channels)
      : "memory");
}

/// So many pixels of eight channels with one value.
void Fill(int16_t* values, int pixels, int16_t value) {
  asm volatile(
      "ee.vldbc.16 q0, %[value]\n"
      "loopnez %[pixels], fill_end_%=\n"
      "ee.vst.128.ip q0, %[values], 16\n"
      "fill_end_%=:\n"
      : [values] "+&r"(values)
      : [pixels] "r"(pixels), [value] "r"(&value)
      : "memory");
}

/// All taps of eight channels, each times a factor of its own.
void ScaleWeights(const int8_t* weights, int channels, const int16_t factors[kLanes], int16_t* scaled) {
  Widen(weights, kTaps, channels, scaled);
  const int16_t* from = scaled;
  asm volatile(
      "ssai 0\n"
      "ee.vld.128.ip q1, %[factors], 0\n"
      "loopnez %[taps], scale_end_%=\n"
      "ee.vld.128.ip q0, %[from], 16\n"
      "ee.vmul.s16 q0, q0, q1\n"
      "ee.vst.128.ip q0, %[to], 16\n"
      "scale_end_%=:\n"
      : [from] "+&r"(from), [to] "+&r"(scaled), [factors] "+&r"(factors)
      : [taps] "r"(kTaps)
      : "memory");
}

/// One row of outputs.
void ConvolveRow(const Eight& eight, const int16_t* taps, int plane_width, int stride, int outputs, int8_t* output,
                 int channels) {
  const uint8_t* start = eight.start;
  const int16_t* weights = eight.weights[0];
  const int16_t* constants = eight.wide ? eight.gap[0] : eight.low_offset;
  const int row = (plane_width - 2) * kVectorBytes;
  const int next = (stride - 2 * plane_width - 2) * kVectorBytes;
  const int sixteen = 16;
  // clang-format off
#define TAPS                                                  \
  "ee.ld.qacc_l.l.128.ip %[start], 16\n"                      \
  "ee.ld.qacc_l.h.32.ip %[start], 16\n"                       \
  "ee.ld.qacc_h.l.128.ip %[start], 16\n"                      \
  "ee.ld.qacc_h.h.32.ip %[start], -48\n"                      \
  "ee.vld.128.ip q0, %[taps], 16\n"                           \
  "ee.vmulas.s16.qacc.ld.ip q0, %[taps], 16, q0, q1\n"        \
  "ee.vmulas.s16.qacc.ld.xp q0, %[taps], %[row], q0, q2\n"    \
  "ee.vmulas.s16.qacc.ld.ip q0, %[taps], 16, q0, q3\n"        \
  "ee.vmulas.s16.qacc.ld.ip q0, %[taps], 16, q0, q4\n"        \
  "ee.vld.128.ip q6, %[weights], 16\n"                        \
  "ee.vld.128.ip q7, %[weights], 16\n"                        \
  "ee.vmulas.s16.qacc.ld.xp q0, %[taps], %[row], q0, q6\n"    \
  "ee.vld.128.ip q6, %[weights], 16\n"                        \
  "ee.vmulas.s16.qacc.ld.ip q0, %[taps], 16, q0, q7\n"        \
  "ee.vld.128.ip q7, %[weights], 16\n"                        \
  "ee.vmulas.s16.qacc.ld.ip q0, %[taps], 16, q0, q6\n"        \
  "ee.vld.128.ip q6, %[weights], -64\n"                       \
  "ee.vmulas.s16.qacc.ld.xp q0, %[taps], %[next], q0, q7\n"   \
  "ee.vmulas.s16.qacc q0, q6\n"                               \
  "ee.srcmb.s16.qacc q6, %[zero], 0\n"
#define OUTPUT                                                \
  "ee.srcmb.s16.qacc q6, %[shift], 0\n"                       \
  "ee.vunzip.8 q6, q7\n"                                      \
  "ee.vst.l.64.xp q7, %[output], %[channels]\n"
#define RESIDENT                                              \
  "ee.vld.128.ip q1, %[weights], 16\n"                        \
  "ee.vld.128.ip q2, %[weights], 16\n"                        \
  "ee.vld.128.ip q3, %[weights], 16\n"                        \
  "ee.vld.128.ip q4, %[weights], 16\n"
#define ROW(BEFORE, SCALE)                                                                                    \
  asm volatile(RESIDENT BEFORE                                                                                \
               "loopnez %[outputs], row_end_%=\n" TAPS SCALE OUTPUT                                           \
               "row_end_%=:\n"                                                                                \
               : [start] "+&r"(start), [taps] "+&r"(taps), [weights] "+&r"(weights),                          \
                 [constants] "+&r"(constants), [output] "+&r"(output)                                         \
               : [outputs] "r"(outputs), [row] "r"(row), [next] "r"(next), [zero] "r"(0),                     \
                 [sixteen] "r"(sixteen), [shift] "r"(eight.shift), [channels] "r"(channels),                  \
                 [one] "r"(eight.one)                                                                         \
               : "memory")
  if (eight.wide) {
    ROW("",
        "ee.vld.128.ip q0, %[constants], 16\n"
        "ee.vld.128.ip q7, %[constants], 16\n"
        "ee.vmulas.s16.qacc q0, q7\n"
        "ee.srcmb.s16.qacc q0, %[zero], 0\n"
        "ee.ldqa.s16.128.ip %[constants], 16\n"
        "ee.vld.128.ip q7, %[constants], 16\n"
        "ee.vmulas.s16.qacc q6, q7\n"
        "ee.vmulas.s16.qacc.ld.ip q7, %[constants], 16, q0, q7\n"
        "ee.srcmb.s16.qacc q5, %[sixteen], 0\n"
        "ee.vmulas.s16.qacc q6, q7\n"
        "ee.vmulas.s16.qacc.ld.ip q7, %[constants], 16, q0, q7\n"
        "ee.vld.128.ip q5, %[constants], -96\n"
        "ee.vmulas.s16.qacc q7, q5\n");
  } else {
    ROW("ee.vld.128.ip q5, %[one], 0\n",
        "ee.ldqa.s16.128.ip %[constants], 16\n"
        "ee.vld.128.ip q7, %[constants], 16\n"
        "ee.vmulas.s16.qacc.ld.ip q7, %[constants], 16, q6, q7\n"
        "ee.srcmb.s16.qacc q0, %[sixteen], 0\n"
        "ee.vmulas.s16.qacc.ld.ip q7, %[constants], -48, q6, q7\n"
        "ee.vmulas.s16.qacc q7, q5\n");
  }
  // clang-format on
#undef TAPS
#undef OUTPUT
#undef RESIDENT
#undef ROW
}
#else
void Widen(const int8_t* input, int pixels, int channels, int16_t* values) {
  for (int pixel = 0; pixel < pixels; ++pixel) {
    std::copy_n(input + pixel * channels, kLanes, values + pixel * kLanes);
  }
}

void Fill(int16_t* values, int pixels, int16_t value) { std::fill_n(values, pixels * kLanes, value); }

void ScaleWeights(const int8_t* weights, int channels, const int16_t factors[kLanes], int16_t* scaled) {
  Widen(weights, kTaps, channels, scaled);
  for (int i = 0; i < kTaps * kLanes; ++i) scaled[i] = static_cast<int16_t>(scaled[i] * factors[i % kLanes]);
}

constexpr int64_t kLaneSign = int64_t{1} << (8 * kLaneBytes - 1);

int16_t Saturated(int64_t value) { return static_cast<int16_t>(std::clamp<int64_t>(value, -kHalf, kHalf - 1)); }

void ConvolveRow(Eight& eight, const int16_t* taps, int plane_width, int stride, int outputs, int8_t* output,
                 int channels) {
  for (int x = 0; x < outputs; ++x, taps += stride * kLanes, output += channels) {
    for (int lane = 0; lane < kLanes; ++lane) {
      int64_t sum = 0;
      std::memcpy(&sum, eight.StartOf(lane), kLaneBytes);
      sum = (sum ^ kLaneSign) - kLaneSign;
      for (int tap = 0; tap < kTaps; ++tap) {
        sum += taps[(tap / kSide * plane_width + tap % kSide) * kLanes + lane] * eight.weights[tap][lane];
      }
      int64_t decides = Saturated(sum);
      if (eight.wide) decides += Saturated(sum + kGap);
      const int64_t low = (decides * eight.low_multiplier[lane] + eight.low_offset[lane]) >> 16;
      const int64_t value = low + decides * eight.high_multiplier[lane] + eight.high_offset[lane];
      output[lane] = static_cast<int8_t>(Saturated(value >> eight.shift) >> 8);
    }
  }
}
#endif

void ConvolveEight(const Depthwise3x3& layer, int channel, const int8_t* input, const Plane& plane, int8_t* output) {
  Eight eight;
  eight.wide = layer.ways[channel / kLanes] == DepthwiseWay::kWide;
  const int exponent = LargestExponent(layer.stage, channel);
  eight.shift = 7 + exponent;
  alignas(16) int16_t factors[kLanes];
  for (int i = 0; i < kLanes; ++i) {
    const Lane lane(layer.stage, channel + i, exponent, eight.wide);
    factors[i] = static_cast<int16_t>(1 << lane.scaling);
    SetStart(eight.StartOf(i), lane.start);
    Split(lane.offset, eight.low_offset[i], eight.high_offset[i]);
    Split(layer.stage.multiplier[channel + i], eight.low_multiplier[i], eight.high_multiplier[i]);
    eight.gap[0][i] = 255;
    eight.gap[1][i] = kGap / 255;
    eight.one[i] = 1;
  }
  ScaleWeights(layer.weights + channel, layer.channels, factors, eight.weights[0]);
  const int columns = std::min(layer.input_width, plane.width - layer.pad_left);
  const int rows = std::min(layer.input_height, plane.height - layer.pad_top);
  for (int y = 0; y < rows; ++y) {
    Widen(input + y * layer.input_width * layer.channels + channel, columns, layer.channels,
          plane.values + ((y + layer.pad_top) * plane.width + layer.pad_left) * kLanes);
  }
  for (int y = 0; y < layer.output_height; ++y) {
    ConvolveRow(eight, plane.values + y * layer.stride_height * plane.width * kLanes, plane.width, layer.stride_width,
                layer.output_width, output + y * layer.output_width * layer.channels + channel, layer.channels);
  }
}

}  // namespace

void ChooseWays(const Depthwise3x3& layer, int channel, DepthwiseWay ways[2]) {
  for (int i = 0; i < 2; ++i) {
    ways[i] = layer.stage.one_product ? ChooseWay(layer, channel + i * kLanes) : DepthwiseWay::kScalar;
  }
  if (ways[0] == DepthwiseWay::kScalar || ways[1] == DepthwiseWay::kScalar) {
    ways[0] = ways[1] = DepthwiseWay::kScalar;
  }
}

int ScratchBytes(const Depthwise3x3& layer) { return Plane(layer, nullptr).bytes() + layer.channels; }

void Convolve(const Depthwise3x3& layer, const int8_t* input, int8_t* scratch, int8_t* output) {
  const Plane plane(layer, scratch);
  const int8_t* const padding = scratch + plane.bytes();
  std::memset(scratch + plane.bytes(), layer.input_zero_point, static_cast<size_t>(layer.channels));
  Fill(plane.values, plane.height * plane.width, layer.input_zero_point);
  for (int channel = 0; channel < layer.channels; channel += kVectorBytes) {
    const DepthwiseWay* const ways = layer.ways + channel / kLanes;
    if (ways[0] == DepthwiseWay::kScalar) {
      ConvolveScalars(layer, channel, input, padding, output);
      continue;
    }
    ConvolveEight(layer, channel, input, plane, output);
    ConvolveEight(layer, channel + kLanes, input, plane, output);
  }
}

}  // namespace sound_model::kernels

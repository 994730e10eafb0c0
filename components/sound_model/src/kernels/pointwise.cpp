// SPDX-License-Identifier: Apache-2.0
#include "pointwise.h"

#include <algorithm>

#include "dot_product.h"

namespace sound_model::kernels {
namespace {

// So many weight vectors stay in registers while the pixels of a block pass by; a channel's further weights follow in
// passes of their own.
constexpr int kResident = 7;
// Inputs and outputs of a block stay in the cache while channel after channel is computed.
constexpr int kBlockPixels = 128;
// Between passes sums are this much larger than they are: QEMU's ee.ld.accx.ip does not extend the sign.
constexpr int64_t kPositive = int64_t{1} << 32;
// Weights of the general way, used for all pixels before the next are fetched from PSRAM through its cache.
constexpr int kGeneralBlockBytes = 16384;

/// Where the last pass over a channel's weights writes.
struct Outputs {
  int8_t* first;  ///< Of the first pixel.
  int channels;   ///< From a pixel to the next.
  OneProduct requantize;
};

/// Multiplies some weights of one output channel with what they meet in the pixels of a block.
/// @tparam kVectors  of weights, at most kResident.
/// @tparam kFirst    begins with `start`, not with `sums`.
/// @tparam kLast     writes outputs, not sums.
/// @param depth      from an input pixel to the next.
/// @param start      bias and kPositive.
/// @param sums       of each pixel, between passes.
#if SOUND_MODEL_PIE
// clang-format off
#define LOAD(n) "ee.vld.128.ip q" #n ", %[weights], 16\n"
#define LOADS_1 LOAD(1)
#define LOADS_2 LOADS_1 LOAD(2)
#define LOADS_3 LOADS_2 LOAD(3)
#define LOADS_4 LOADS_3 LOAD(4)
#define LOADS_5 LOADS_4 LOAD(5)
#define LOADS_6 LOADS_5 LOAD(6)
#define LOADS_7 LOADS_6 LOAD(7)
// The products of vector n, while the pixel's next vector is loaded, its last one, or the next pixel's first one.
#define MAC(n) "ee.vmulas.s8.accx.ld.ip q0, %[input], 16, q0, q" #n "\n"
#define MAC_TURN(n) "ee.vmulas.s8.accx.ld.xp q0, %[input], %[step], q0, q" #n "\n"
#define MAC_END(n) "ee.vmulas.s8.accx q0, q" #n "\n"
#define MACS_2 MAC_TURN(1)
#define MACS_3 MAC(1) MAC_TURN(2)
#define MACS_4 MAC(1) MAC(2) MAC_TURN(3)
#define MACS_5 MAC(1) MAC(2) MAC(3) MAC_TURN(4)
#define MACS_6 MAC(1) MAC(2) MAC(3) MAC(4) MAC_TURN(5)
#define MACS_7 MAC(1) MAC(2) MAC(3) MAC(4) MAC(5) MAC_TURN(6)
#define FROM_START "ee.ld.accx.ip %[start], 0\n"
#define TO_SUMS "ee.st.accx.ip %[sums], 8\n"
#define TO_OUTPUT                       \
  "rur.accx_0 %[value]\n"               \
  "slli %[value], %[value], 3\n"        \
  "mulsh %[value], %[value], %[m]\n"    \
  "add %[value], %[value], %[offset]\n" \
  "sra %[value], %[value]\n"            \
  "clamps %[value], %[value], 7\n"      \
  "s8i %[value], %[output], 0\n"        \
  "add %[output], %[output], %[stride]\n"
// The last pixel comes behind the loop: nothing behind the input is read.
#define RUN(LOADS, FIRST_LOAD, FROM, MACS, MAC_NEXT, MAC_LAST, TO)                                       \
  asm volatile(LOADS FIRST_LOAD                                                                               \
               "loopnez %[loops], pass_end_%=\n" FROM MACS MAC_NEXT TO                                        \
               "pass_end_%=:\n" FROM MACS MAC_LAST TO                                                         \
               : [input] "+&r"(input), [weights] "+&r"(weights), [sums] "+&r"(sums)                           \
               : [loops] "r"(pixels - 1), [step] "r"(depth - (kVectors - 1) * kVectorBytes), [start] "r"(&start) \
               : "memory")
#define RUN_LAST(LOADS, FIRST_LOAD, FROM, MACS, MAC_NEXT, MAC_LAST, TO)                                       \
  asm volatile("ssr %[shift]\n" LOADS FIRST_LOAD                                                              \
               "loopnez %[loops], pass_end_%=\n" FROM MACS MAC_NEXT TO                                        \
               "pass_end_%=:\n" FROM MACS MAC_LAST TO                                                         \
               : [input] "+&r"(input), [weights] "+&r"(weights), [sums] "+&r"(sums), [output] "+&r"(output),  \
                 [value] "=&r"(value)                                                                         \
               : [loops] "r"(pixels - 1), [step] "r"(depth - (kVectors - 1) * kVectorBytes), [start] "r"(&start), \
                 [shift] "r"(outputs.requantize.shift), [m] "r"(outputs.requantize.multiplier),               \
                 [offset] "r"(outputs.requantize.offset), [stride] "r"(outputs.channels)                      \
               : "memory")
#define RUN_VECTORS(n, KIND, FROM, TO) \
  KIND(LOADS_##n, "ee.vld.128.ip q0, %[input], 16\n", FROM, MACS_##n, MAC(n), MAC_END(n), TO)
#define RUN_ANY(KIND, FROM, TO)                                                                                \
  do {                                                                                                         \
    if constexpr (kVectors == 1) {                                                                             \
      KIND(LOADS_1, "ee.vld.128.xp q0, %[input], %[step]\n", FROM, "", MAC_TURN(1), MAC_END(1), TO);           \
    } else if constexpr (kVectors == 2) {                                                                      \
      RUN_VECTORS(2, KIND, FROM, TO);                                                                          \
    } else if constexpr (kVectors == 3) {                                                                      \
      RUN_VECTORS(3, KIND, FROM, TO);                                                                          \
    } else if constexpr (kVectors == 4) {                                                                      \
      RUN_VECTORS(4, KIND, FROM, TO);                                                                          \
    } else if constexpr (kVectors == 5) {                                                                      \
      RUN_VECTORS(5, KIND, FROM, TO);                                                                          \
    } else if constexpr (kVectors == 6) {                                                                      \
      RUN_VECTORS(6, KIND, FROM, TO);                                                                          \
    } else {                                                                                                   \
      RUN_VECTORS(7, KIND, FROM, TO);                                                                          \
    }                                                                                                          \
  } while (false)
// clang-format on
template <int kVectors, bool kFirst, bool kLast>
[[gnu::noinline]] void Run(const int8_t* input, const int8_t* weights, int pixels, int depth, const int64_t& start,
                           int64_t* sums, const Outputs& outputs) {
  if constexpr (!kLast) {
    if constexpr (kFirst) {
      RUN_ANY(RUN, FROM_START, TO_SUMS);
    } else {
      RUN_ANY(RUN, "ee.ld.accx.ip %[sums], 0\n", TO_SUMS);
    }
  } else {
    int8_t* output = outputs.first;
    int32_t value;
    if constexpr (kFirst) {
      RUN_ANY(RUN_LAST, FROM_START, TO_OUTPUT);
    } else {
      RUN_ANY(RUN_LAST, "ee.ld.accx.ip %[sums], 8\n", TO_OUTPUT);
    }
  }
}
#else
template <int kVectors, bool kFirst, bool kLast>
void Run(const int8_t* input, const int8_t* weights, int pixels, int depth, const int64_t& start, int64_t* sums,
         const Outputs& outputs) {
  for (int pixel = 0; pixel < pixels; ++pixel, input += depth) {
    int64_t sum = kFirst ? start : sums[pixel];
    for (int i = 0; i < kVectors * kVectorBytes; ++i) sum += input[i] * weights[i];
    if constexpr (kLast) {
      outputs.first[pixel * outputs.channels] = outputs.requantize(static_cast<int32_t>(sum));
    } else {
      sums[pixel] = sum;
    }
  }
}
#endif

using Runner = decltype(&Run<1, true, true>);

template <bool kFirst, bool kLast>
constexpr Runner kRunners[kResident] = {Run<1, kFirst, kLast>, Run<2, kFirst, kLast>, Run<3, kFirst, kLast>,
                                        Run<4, kFirst, kLast>, Run<5, kFirst, kLast>, Run<6, kFirst, kLast>,
                                        Run<7, kFirst, kLast>};

/// The passes over a channel's weights: all of equally many vectors, or of one more in the first of them.
struct Passes {
  int count;
  int vectors;
  int with_more;

  explicit Passes(int all_vectors)
      : count((all_vectors + kResident - 1) / kResident),
        vectors(all_vectors / count),
        with_more(all_vectors % count) {}
};

/// One output channel. A function of its own, so that what it needs lies close together.
[[gnu::noinline]] void ConvolveChannel(const Passes& passes, const int8_t* input, const int8_t* weights, int pixels,
                                       int depth, int64_t* sums, const int64_t& start, const Outputs& outputs) {
  int vectors = passes.vectors;
  if (passes.count == 1) return kRunners<true, true>[vectors - 1](input, weights, pixels, depth, start, sums, outputs);
  int more = passes.with_more;
  if (more > 0) ++vectors;
  Runner run = kRunners<true, false>[vectors - 1];
  for (int left = passes.count - 1; left > 0; --left) {
    run(input, weights, pixels, depth, start, sums, outputs);
    input += vectors * kVectorBytes;
    weights += vectors * kVectorBytes;
    if (--more == 0) --vectors;
    run = kRunners<false, false>[vectors - 1];
  }
  kRunners<false, true>[vectors - 1](input, weights, pixels, depth, start, sums, outputs);
}

void ConvolveResident(const Pointwise& layer, const int8_t* input, int8_t* output) {
  int64_t sums[kBlockPixels];
  const int depth = layer.input_channels;
  const Passes passes(depth / kVectorBytes);
  for (int pixel = 0; pixel < layer.pixels; pixel += kBlockPixels) {
    const int pixels = std::min(kBlockPixels, layer.pixels - pixel);
    const int8_t* weights = layer.weights;
    for (int channel = 0; channel < layer.output_channels; ++channel, weights += depth) {
      const int64_t start = kPositive + layer.stage.bias[channel];
      const Outputs outputs{.first = output + pixel * layer.output_channels + channel,
                            .channels = layer.output_channels,
                            .requantize = OneProduct(layer.stage, channel)};
      ConvolveChannel(passes, input + pixel * depth, weights, pixels, depth, sums, start, outputs);
    }
  }
}

/// The channels from `first` to `end` of one pixel. Not inlined: its loop needs every register there is.
/// @param weights  of `first`.
[[gnu::noinline]] void ConvolvePixel(const Pointwise& layer, const int8_t* values, const int8_t* weights, int first,
                                     int end, int8_t* output) {
  const OutputStage stage = layer.stage;  // a copy of its own: int8 stores could change any other
  const int vectors = layer.input_channels / kVectorBytes;
  for (int channel = first; channel < end; ++channel) {
    output[channel] = Requantize(DotProduct(values, weights, vectors), stage, channel);
  }
}

void ConvolveGenerally(const Pointwise& layer, const int8_t* input, int8_t* output) {
  const int block = std::max(1, kGeneralBlockBytes / layer.input_channels);
  for (int first = 0; first < layer.output_channels; first += block) {
    const int end = std::min(first + block, layer.output_channels);
    const int8_t* const weights = layer.weights + first * layer.input_channels;
    for (int pixel = 0; pixel < layer.pixels; ++pixel) {
      ConvolvePixel(layer, input + pixel * layer.input_channels, weights, first, end,
                    output + pixel * layer.output_channels);
    }
  }
}

}  // namespace

void Convolve(const Pointwise& layer, const int8_t* input, int8_t* output) {
  if (layer.stage.one_product) {
    ConvolveResident(layer, input, output);
  } else {
    ConvolveGenerally(layer, input, output);
  }
}

}  // namespace sound_model::kernels

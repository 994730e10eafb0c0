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

/// Some weights of one output channel, over the pixels of a block.
struct Pass {
  int pixels;           ///< At least 1.
  const int8_t* input;  ///< What the first weight meets in the first pixel.
  int input_channels;   ///< From a pixel to the next.
  const int8_t* weights;
  int64_t start;        ///< Bias and kPositive.
  int64_t* sums;        ///< Of each pixel, between passes.
  int8_t* output;       ///< Of the first pixel.
  int output_channels;  ///< From a pixel to the next.
  OneProduct requantize;
};

/// @tparam kVectors  of weights, at most kResident.
/// @tparam kFirst    begins with `start`, not with `sums`.
/// @tparam kLast     writes outputs, not sums.
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
#define RUN(LOADS, FIRST_LOAD, FROM, MACS, MAC_NEXT, MAC_LAST, TO)                                            \
  asm volatile("ssr %[shift]\n" LOADS FIRST_LOAD                                                              \
               "loopnez %[loops], pass_end_%=\n" FROM MACS MAC_NEXT TO                                        \
               "pass_end_%=:\n" FROM MACS MAC_LAST TO                                                         \
               : [input] "+&r"(input), [weights] "+&r"(weights), [sums] "+&r"(sums), [output] "+&r"(output),  \
                 [value] "=&r"(value)                                                                         \
               : [loops] "r"(pass.pixels - 1), [step] "r"(pass.input_channels - (kVectors - 1) * kVectorBytes), \
                 [start] "r"(&pass.start), [shift] "r"(pass.requantize.shift),                                \
                 [m] "r"(pass.requantize.multiplier), [offset] "r"(pass.requantize.offset),                   \
                 [stride] "r"(pass.output_channels)                                                           \
               : "memory")
#define RUN_VECTORS(n, FROM, TO) \
  RUN(LOADS_##n, "ee.vld.128.ip q0, %[input], 16\n", FROM, MACS_##n, MAC(n), MAC_END(n), TO)
#define RUN_ANY(FROM, TO)                                                                                      \
  do {                                                                                                         \
    if constexpr (kVectors == 1) {                                                                             \
      RUN(LOADS_1, "ee.vld.128.xp q0, %[input], %[step]\n", FROM, "", MAC_TURN(1), MAC_END(1), TO);            \
    } else if constexpr (kVectors == 2) {                                                                      \
      RUN_VECTORS(2, FROM, TO);                                                                                \
    } else if constexpr (kVectors == 3) {                                                                      \
      RUN_VECTORS(3, FROM, TO);                                                                                \
    } else if constexpr (kVectors == 4) {                                                                      \
      RUN_VECTORS(4, FROM, TO);                                                                                \
    } else if constexpr (kVectors == 5) {                                                                      \
      RUN_VECTORS(5, FROM, TO);                                                                                \
    } else if constexpr (kVectors == 6) {                                                                      \
      RUN_VECTORS(6, FROM, TO);                                                                                \
    } else {                                                                                                   \
      RUN_VECTORS(7, FROM, TO);                                                                                \
    }                                                                                                          \
  } while (false)
// clang-format on
template <int kVectors, bool kFirst, bool kLast>
[[gnu::noinline]] void Run(const Pass& pass) {
  const int8_t* input = pass.input;
  const int8_t* weights = pass.weights;
  int64_t* sums = pass.sums;
  int8_t* output = pass.output;
  int32_t value;
  if constexpr (kFirst && kLast) {
    RUN_ANY(FROM_START, TO_OUTPUT);
  } else if constexpr (kFirst) {
    RUN_ANY(FROM_START, TO_SUMS);
  } else if constexpr (kLast) {
    RUN_ANY("ee.ld.accx.ip %[sums], 8\n", TO_OUTPUT);
  } else {
    RUN_ANY("ee.ld.accx.ip %[sums], 0\n", TO_SUMS);
  }
}
#else
template <int kVectors, bool kFirst, bool kLast>
void Run(const Pass& pass) {
  for (int pixel = 0; pixel < pass.pixels; ++pixel) {
    const int8_t* const input = pass.input + pixel * pass.input_channels;
    int64_t sum = kFirst ? pass.start : pass.sums[pixel];
    for (int i = 0; i < kVectors * kVectorBytes; ++i) sum += input[i] * pass.weights[i];
    if constexpr (kLast) {
      pass.output[pixel * pass.output_channels] = pass.requantize(static_cast<int32_t>(sum));
    } else {
      pass.sums[pixel] = sum;
    }
  }
}
#endif

using Runner = void (*)(const Pass&);

template <bool kFirst, bool kLast>
constexpr Runner kRunners[kResident] = {Run<1, kFirst, kLast>, Run<2, kFirst, kLast>, Run<3, kFirst, kLast>,
                                        Run<4, kFirst, kLast>, Run<5, kFirst, kLast>, Run<6, kFirst, kLast>,
                                        Run<7, kFirst, kLast>};

Runner FindRunner(int vectors, bool first, bool last) {
  if (first) return last ? kRunners<true, true>[vectors - 1] : kRunners<true, false>[vectors - 1];
  return last ? kRunners<false, true>[vectors - 1] : kRunners<false, false>[vectors - 1];
}

void ConvolveResident(const Pointwise& layer, const int8_t* input, int8_t* output) {
  int64_t sums[kBlockPixels];
  const int vectors = layer.input_channels / kVectorBytes;
  const int passes = (vectors + kResident - 1) / kResident;
  for (int pixel = 0; pixel < layer.pixels; pixel += kBlockPixels) {
    const int8_t* weights = layer.weights;
    for (int channel = 0; channel < layer.output_channels; ++channel) {
      Pass pass{.pixels = std::min(kBlockPixels, layer.pixels - pixel),
                .input = input + pixel * layer.input_channels,
                .input_channels = layer.input_channels,
                .weights = weights,
                .start = kPositive + layer.stage.bias[channel],
                .sums = sums,
                .output = output + pixel * layer.output_channels + channel,
                .output_channels = layer.output_channels,
                .requantize = OneProduct(layer.stage, channel)};
      int left = vectors;
      for (int i = 0; i < passes; ++i) {
        const int resident = left / (passes - i);
        FindRunner(resident, i == 0, i == passes - 1)(pass);
        pass.input += resident * kVectorBytes;
        pass.weights += resident * kVectorBytes;
        left -= resident;
      }
      weights += layer.input_channels;
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

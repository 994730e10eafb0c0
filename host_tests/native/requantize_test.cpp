// SPDX-License-Identifier: Apache-2.0
// Requantize() and OneProduct against TensorFlow Lite's definition, for every exponent a multiplier can have;
// OneProduct also at each value where an output begins, one below it, and at the ends of its range: between them
// nothing changes, since both rise with the sum.
#include "kernels/requantize.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <random>

#include "kernels/tflite_rounding.h"

namespace {

namespace kernels = sound_model::kernels;

constexpr int32_t kLowest = std::numeric_limits<int8_t>::min();
constexpr int32_t kHighest = std::numeric_limits<int8_t>::max();

/// A channel on its own.
struct Channel {
  int32_t bias;
  int32_t multiplier;
  int32_t further_shift;
  int32_t zero_point;

  kernels::OutputStage Stage() const {
    return {.bias = &bias,
            .multiplier = &multiplier,
            .further_shift = &further_shift,
            .zero_point = zero_point,
            .lowest = kLowest,
            .highest = kHighest,
            .one_product = false};
  }
  int Expected(int32_t total) const {
    return tflite_rounding::Requantize(total, multiplier, further_shift + 1, zero_point);
  }
};

bool Equal(const char* what, const Channel& channel, int32_t total, int got) {
  if (got == channel.Expected(total)) return true;
  std::printf("%s: total %d, multiplier %d, exponent %d, zero point %d: %d, not %d\n", what, static_cast<int>(total),
              static_cast<int>(channel.multiplier), static_cast<int>(-channel.further_shift - 1),
              static_cast<int>(channel.zero_point), got, channel.Expected(total));
  return false;
}

/// The least total from `low` to `high` whose output is at least `output`; `high` if there is none.
int32_t Threshold(const Channel& channel, int output, int32_t low, int32_t high) {
  while (low < high) {
    const int32_t middle = low + (high - low) / 2;
    if (channel.Expected(middle) >= output) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return high;
}

bool CheckAnyChannels() {
  constexpr int32_t kLargestBias = 1000;
  constexpr int32_t kLargestSum = std::numeric_limits<int32_t>::max() / 2 - kLargestBias;  // CheckModel() sees to it
  std::mt19937 random(1);
  const auto between = [&](int32_t low, int32_t high) { return std::uniform_int_distribution(low, high)(random); };
  for (int round = 0; round < 2'000'000; ++round) {
    const Channel channel{.bias = between(-kLargestBias, kLargestBias),
                          .multiplier = between(1 << 30, std::numeric_limits<int32_t>::max()),
                          .further_shift = kernels::FurtherShift(-between(0, 31)),
                          .zero_point = between(kLowest, kHighest)};
    const int32_t size = round % 8 == 0 ? kLargestSum : between(0, kLargestSum) >> between(0, 30);
    const int32_t total = between(-1, 1) * std::max(0, size - between(0, 2));
    if (!Equal("any", channel, total, kernels::Requantize(total - channel.bias, channel.Stage(), 0))) return false;
  }
  return true;
}

/// @param most  the largest absolute value of a total.
bool CheckThresholds(const Channel& channel, int32_t most) {
  if (!kernels::InOneProduct(channel.Stage(), 0, most)) {
    std::printf("multiplier %d, exponent %d, most %d: not in one product\n", static_cast<int>(channel.multiplier),
                static_cast<int>(-channel.further_shift - 1), static_cast<int>(most));
    return false;
  }
  const kernels::OneProduct product(channel.Stage(), 0);
  for (int output = kLowest; output <= kHighest; ++output) {
    const int32_t threshold = Threshold(channel, output, -most, most);
    for (const int32_t total : {threshold - 1, threshold, threshold + 1}) {
      if (total >= -most && total <= most && !Equal("one product", channel, total, product(total))) return false;
    }
  }
  return true;
}

bool CheckOneProduct() {
  constexpr int32_t kMost = (1 << 28) - 1;
  constexpr int kChannels = 400;
  std::mt19937 random(2);
  for (int round = 0; round < kChannels; ++round) {
    const int32_t multiplier = round % 8 == 0 ? std::numeric_limits<int32_t>::max() - round / 8
                                              : std::uniform_int_distribution(0, 0x7FFFFFFF)(random);
    const Channel channel{.bias = 0, .multiplier = multiplier, .further_shift = round % 20 - 1, .zero_point = -128};
    if (!CheckThresholds(channel, kMost)) return false;
  }
  return true;
}

/// The channels of a model: a line each of multiplier, TensorFlow Lite's exponent, output zero point and the largest
/// absolute value of a total.
bool CheckChannelsOf(const char* file) {
  std::FILE* const lines = std::fopen(file, "r");
  if (lines == nullptr) return false;
  long multiplier;
  long exponent;
  long zero_point;
  long most;
  int channels = 0;
  bool equal = true;
  while (equal && std::fscanf(lines, "%ld %ld %ld %ld", &multiplier, &exponent, &zero_point, &most) == 4) {
    const Channel channel{.bias = 0,
                          .multiplier = static_cast<int32_t>(multiplier),
                          .further_shift = kernels::FurtherShift(static_cast<int32_t>(exponent)),
                          .zero_point = static_cast<int32_t>(zero_point)};
    equal = CheckThresholds(channel, static_cast<int32_t>(most));
    ++channels;
  }
  std::fclose(lines);
  std::printf("%d channels\n", channels);
  return equal;
}

/// What InOneProduct() has to refuse.
bool CheckRefusals() {
  const Channel good{.bias = 0, .multiplier = 1 << 30, .further_shift = 7, .zero_point = -128};
  Channel above = good;
  above.zero_point = -127;
  Channel far = good;
  far.further_shift = 19;
  kernels::OutputStage clipped = good.Stage();
  clipped.highest = 126;
  const bool right = kernels::InOneProduct(good.Stage(), 0, 1 << 27) && !kernels::InOneProduct(above.Stage(), 0, 1) &&
                     !kernels::InOneProduct(far.Stage(), 0, 1) && !kernels::InOneProduct(clipped, 0, 1) &&
                     !kernels::InOneProduct(good.Stage(), 0, int64_t{1} << 28);
  if (!right) std::printf("InOneProduct() takes what it must refuse\n");
  return right;
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 2) return CheckChannelsOf(arguments[1]) ? 0 : 1;
  return CheckAnyChannels() && CheckOneProduct() && CheckRefusals() ? 0 : 1;
}

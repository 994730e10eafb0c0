// SPDX-License-Identifier: Apache-2.0
#include "sound_model/self_test_vector.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "sound_model/class_map.h"

namespace sound_model {
namespace {

constexpr size_t kFileBytes = 6736;
constexpr std::string_view kMagic = "YAMT";
constexpr uint32_t kVersion = 1;
constexpr size_t kVersionAt = 4;
constexpr size_t kPatchBytesAt = 8;
constexpr size_t kOutputsAt = 12;
constexpr size_t kInputScaleAt = 16;
constexpr size_t kOutputScaleAt = 24;
constexpr size_t kHashAt = 32;
constexpr size_t kHashBytes = 32;
constexpr size_t kPatchAt = 64;

template <typename T>
T Load(std::span<const uint8_t> file, size_t at) {
  T value;
  std::memcpy(&value, file.data() + at, sizeof(value));
  return value;
}

std::string HexText(std::span<const uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

std::expected<SelfTestVector, Error> ParseSelfTest(std::span<const uint8_t> file) {
  const auto damaged = [](std::string message) {
    return std::unexpected(Error{ErrorCode::kDamaged, "self-test vector: " + std::move(message)});
  };
  if (file.size() != kFileBytes) {
    return damaged(std::to_string(file.size()) + " bytes, not " + std::to_string(kFileBytes));
  }
  if (!std::equal(kMagic.begin(), kMagic.end(), file.begin()) || Load<uint32_t>(file, kVersionAt) != kVersion) {
    return damaged("not of version 1");
  }
  if (Load<uint32_t>(file, kPatchBytesAt) != kPatchValues || Load<uint32_t>(file, kOutputsAt) != kClasses) {
    return damaged("of another model's size");
  }
  const auto quantization = [&](size_t at) {
    return Quantization{Load<float>(file, at), static_cast<int>(Load<int32_t>(file, at + sizeof(float)))};
  };
  const auto* const patch = reinterpret_cast<const int8_t*>(file.data() + kPatchAt);
  return SelfTestVector{.input = quantization(kInputScaleAt),
                        .output = quantization(kOutputScaleAt),
                        .model_sha256 = HexText(file.subspan(kHashAt, kHashBytes)),
                        .patch = {patch, kPatchValues},
                        .outputs = {patch + kPatchValues, kClasses}};
}

OutputDifference CompareOutputs(std::span<const int8_t> expected, std::span<const int8_t> got) {
  OutputDifference difference;
  for (size_t i = 0; i < expected.size(); ++i) {
    const int steps = std::abs(static_cast<int>(expected[i]) - static_cast<int>(got[i]));
    difference.differing += steps != 0;
    difference.largest = std::max(difference.largest, steps);
  }
  return difference;
}

}  // namespace sound_model

// SPDX-License-Identifier: Apache-2.0
#include "sound_model/self_test_vector.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/crc32.h"
#include "base/hex.h"
#include "sound_model/class_map.h"

namespace sound_model {
namespace {

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
constexpr size_t kOutputValuesAt = kPatchAt + kPatchValues;
constexpr size_t kCrcBytes = sizeof(uint32_t);
constexpr size_t kAlignment = 4;

/// Where outputs end and zeros fill up to the next multiple of four.
constexpr size_t CrcAt(size_t outputs) {
  return kOutputValuesAt + (outputs + kAlignment - 1) / kAlignment * kAlignment;
}

template <typename T>
T Load(std::span<const uint8_t> file, size_t at) {
  T value;
  std::memcpy(&value, file.data() + at, sizeof(value));
  return value;
}

std::string CrcText(uint32_t value) {
  const uint8_t bytes[] = {static_cast<uint8_t>(value >> 24), static_cast<uint8_t>(value >> 16),
                           static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
  return base::HexText(bytes);
}

}  // namespace

std::expected<SelfTestVector, Error> ParseSelfTest(std::span<const uint8_t> file) {
  const auto damaged = [](std::string message) {
    return std::unexpected(Error{ErrorCode::kDamaged, "selftest.bin: " + std::move(message)});
  };
  if (file.size() < CrcAt(1) + kCrcBytes || file.size() > CrcAt(kMostClasses) + kCrcBytes ||
      file.size() % kAlignment != 0) {
    return damaged(std::to_string(file.size()) + " bytes are none of its sizes");
  }
  const size_t crc_at = file.size() - kCrcBytes;
  const uint32_t crc = base::Crc32(file.first(crc_at));
  if (const auto stored = Load<uint32_t>(file, crc_at); stored != crc) {
    return damaged("damaged, its CRC32 is " + CrcText(crc) + ", not " + CrcText(stored));
  }
  if (!std::equal(kMagic.begin(), kMagic.end(), file.begin()) || Load<uint32_t>(file, kVersionAt) != kVersion) {
    return damaged("not of version 1");
  }
  const size_t outputs = Load<uint32_t>(file, kOutputsAt);
  if (Load<uint32_t>(file, kPatchBytesAt) != kPatchValues || outputs == 0 || outputs > kMostClasses ||
      CrcAt(outputs) != crc_at) {
    return damaged("its sizes do not belong together");
  }
  const auto quantization = [&](size_t at) {
    return Quantization{Load<float>(file, at), static_cast<int>(Load<int32_t>(file, at + sizeof(float)))};
  };
  const auto* const patch = reinterpret_cast<const int8_t*>(file.data() + kPatchAt);
  return SelfTestVector{.input = quantization(kInputScaleAt),
                        .output = quantization(kOutputScaleAt),
                        .model_sha256 = base::HexText(file.subspan(kHashAt, kHashBytes)),
                        .patch = {patch, kPatchValues},
                        .outputs = {patch + kPatchValues, outputs}};
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

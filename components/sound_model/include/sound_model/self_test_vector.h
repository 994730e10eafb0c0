// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>

#include "sound_model/error.h"
#include "sound_model/model_file.h"

namespace sound_model {

/// One patch and the outputs that TFLM's reference kernels give for it: selftest.bin of docs/model-partition.md.
struct SelfTestVector {
  Quantization input;
  Quantization output;
  std::string model_sha256;  ///< Of the model that gave the outputs, 64 lower-case hexadecimal digits.
  std::span<const int8_t> patch;
  std::span<const int8_t> outputs;
};

/// @param file  stays in memory while the vector is used.
/// @return kDamaged for a file of another size or kind, or whose CRC32 is not the one at its end.
std::expected<SelfTestVector, Error> ParseSelfTest(std::span<const uint8_t> file);

/// How far outputs are from those expected, in int8 steps.
struct OutputDifference {
  int differing = 0;
  int largest = 0;
};
OutputDifference CompareOutputs(std::span<const int8_t> expected, std::span<const int8_t> got);

}  // namespace sound_model

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sound_model/class_map.h"
#include "sound_model/error.h"

namespace sound_model {

inline constexpr int kPatchFrames = 96;
inline constexpr int kPatchBands = 64;
inline constexpr int kPatchValues = kPatchFrames * kPatchBands;

/// real = scale * (q - zero_point)
struct Quantization {
  float scale;
  int zero_point;
};

/// A model in memory.
struct LoadedModel {
  std::span<const uint8_t> bytes;  ///< 16-byte aligned, for as long as the program runs.
  std::string sha256;
  int64_t read_us;  ///< Reading and hashing.
};

/// What has to be known of a model before it runs.
struct ModelSummary {
  Quantization input;
  Quantization output;
  std::string_view front_end;            ///< The profile's JSON, inside the file.
  std::vector<std::string_view> op_set;  ///< Each operator once, in order of first use.
  int operators;
  size_t classes;
};

/// Checks that a .tflite is a model this program can run: identifier and schema version, one subgraph, int8 [1, 96, 64]
/// in and int8 [1, classes] out, of 1 to kMostClasses classes, only operators it has kernels for, and, for every
/// operator, options, shapes, quantisation and stored constants that belong together, so that no kernel reads or writes
/// outside its tensors, in shapes that the project's own kernels compute. The file may be damaged in any way; what is
/// wrong is named.
///
/// @param file  stays in memory while the summary is used.
/// @return kDamaged or kUnsupported.
std::expected<ModelSummary, Error> CheckModel(std::span<const uint8_t> file);

}  // namespace sound_model

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "sound_model/error.h"

namespace sound_model {

struct OpCost {
  std::string_view op;
  uint64_t cycles;
};

/// What scores patches: TensorFlow Lite Micro on a device, on a PC what the program brings. Not for two tasks at once.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual std::span<int8_t> input() = 0;         ///< kPatchValues values, to be written before each Invoke().
  virtual std::span<const int8_t> output() = 0;  ///< As many as the model has classes.

  /// @param guarded  also checks that operators write nowhere but to their output and scratch, which costs time.
  /// @return kInferenceFailed
  virtual std::expected<void, Error> Invoke(bool guarded = false) = 0;

  /// What the operators of an inference cost, in order of execution, of the last Invoke() where that was measured.
  virtual std::span<const OpCost> costs() = 0;

  virtual size_t arena_used() const = 0;
};

}  // namespace sound_model

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string_view>

#include "sound_model/error.h"
#include "sound_model/model_file.h"

namespace sound_model {

struct OpCost {
  std::string_view op;
  uint32_t cycles;
};

/// A model in TensorFlow Lite Micro, with kernels for exactly the operators it has. Not for two tasks at once.
class Interpreter {
 public:
  /// @param model    16-byte aligned, checked by CheckModel(); outlives the interpreter.
  /// @param arena    16-byte aligned working memory; outlives the interpreter.
  /// @param cycles   a counter that wraps at 2^32, for profiles.
  /// @return kDamaged, kUnsupported, or kOutOfMemory when the arena is too small.
  static std::expected<std::unique_ptr<Interpreter>, Error> Create(std::span<const uint8_t> model,
                                                                   const ModelSummary& summary,
                                                                   std::span<uint8_t> arena, uint32_t (*cycles)());
  ~Interpreter();

  std::span<int8_t> input();         ///< kPatchValues values, to be written before each Invoke().
  std::span<const int8_t> output();  ///< kClasses values.

  /// @param guarded  also checks that convolutions write nowhere in the arena but to their output and scratch, which
  /// costs time.
  /// @return kInferenceFailed
  std::expected<void, Error> Invoke(bool guarded = false);

  /// What the operators of the last Invoke() cost, in order of execution.
  std::span<const OpCost> costs() const;

  size_t arena_used() const;

 private:
  struct Implementation;
  explicit Interpreter(std::unique_ptr<Implementation> implementation);

  std::unique_ptr<Implementation> implementation_;
};

/// "pie", "esp-nn", "esp-nn-stock" or "reference": which kernels this build has.
std::string_view KernelsName();

}  // namespace sound_model

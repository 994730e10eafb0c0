// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string_view>

#include "sound_model/engine.h"
#include "sound_model/error.h"
#include "sound_model/model_file.h"

namespace sound_model {

/// A model in TensorFlow Lite Micro, with kernels for exactly the operators it has. Not for two tasks at once.
class Interpreter final : public Engine {
 public:
  /// @param model    16-byte aligned, checked by CheckModel(); outlives the interpreter.
  /// @param arena    16-byte aligned working memory; outlives the interpreter.
  /// @param cycles   a counter that wraps at 2^32, for profiles.
  /// @return kDamaged, kUnsupported when a kernel refuses an operator, or kOutOfMemory when the arena is too small.
  static std::expected<std::unique_ptr<Interpreter>, Error> Create(std::span<const uint8_t> model,
                                                                   const ModelSummary& summary,
                                                                   std::span<uint8_t> arena, uint32_t (*cycles)());
  ~Interpreter() override;

  std::span<int8_t> input() override;
  std::span<const int8_t> output() override;
  std::expected<void, Error> Invoke(bool guarded = false) override;
  std::span<const OpCost> costs() override;
  size_t arena_used() const override;

 private:
  struct Implementation;
  explicit Interpreter(std::unique_ptr<Implementation> implementation);

  std::unique_ptr<Implementation> implementation_;
};

/// "pie", "esp-nn" or what a test has linked instead: which kernels this build has.
std::string_view KernelsName();

}  // namespace sound_model

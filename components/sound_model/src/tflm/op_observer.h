// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "sound_model/interpreter.h"
#include "tensorflow/lite/micro/micro_profiler_interface.h"

namespace sound_model {

/// Sees each operator of an inference begin and end: notes what it costs, and, when asked to, whether it leaves its
/// input as it was. A kernel that writes past its scratch is found by that before anyone relies on its outputs.
class OpObserver final : public tflite::MicroProfilerInterface {
 public:
  /// @param inputs  the activations that each operator reads, once they are allocated.
  OpObserver(size_t operators, uint32_t (*cycles)());

  void SetInputs(std::vector<std::span<const uint8_t>> inputs) { inputs_ = std::move(inputs); }

  /// To be called before each inference.
  void Begin(bool guarded);

  std::span<const OpCost> costs() const { return costs_; }
  std::optional<OpCost> culprit() const { return culprit_; }  ///< Whose input was not the same afterwards.

  uint32_t BeginEvent(const char* tag) override;
  void EndEvent(uint32_t event) override;

 private:
  bool guarded_ = false;
  uint32_t (*cycles_)();
  uint32_t begin_ = 0;
  uint32_t input_hash_ = 0;
  std::vector<OpCost> costs_;
  std::vector<std::span<const uint8_t>> inputs_;
  std::optional<OpCost> culprit_;
};

}  // namespace sound_model

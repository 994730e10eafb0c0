// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sound_model/interpreter.h"
#include "tensorflow/lite/micro/micro_profiler_interface.h"

namespace sound_model {

/// Notes what each operator of an inference costs.
class OpProfiler final : public tflite::MicroProfilerInterface {
 public:
  OpProfiler(size_t operators, uint32_t (*cycles)()) : cycles_(cycles) { costs_.reserve(operators); }

  void Clear() { costs_.clear(); }
  std::span<const OpCost> costs() const { return costs_; }

  uint32_t BeginEvent(const char* tag) override {
    if (costs_.size() == costs_.capacity()) return kDropped;
    costs_.push_back({tag, 0});
    begin_ = cycles_();
    return static_cast<uint32_t>(costs_.size() - 1);
  }

  void EndEvent(uint32_t event) override {
    if (event != kDropped) costs_[event].cycles = cycles_() - begin_;
  }

 private:
  static constexpr uint32_t kDropped = UINT32_MAX;

  uint32_t (*cycles_)();
  uint32_t begin_ = 0;
  std::vector<OpCost> costs_;
};

}  // namespace sound_model

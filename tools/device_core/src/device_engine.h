// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "sound_model/wide_engine.h"

namespace device_core {

/// A WideEngine on several cores. Any number of threads at a time.
class DeviceEngine {
 public:
  explicit DeviceEngine(std::unique_ptr<sound_model::WideEngine> engine) : engine_(std::move(engine)) {}

  const sound_model::WideEngine& engine() const { return *engine_; }

  /// @param patches  int8 [n, 96, 64]
  /// @param threads  at most so many, and no more than are worth it.
  /// @return int8 [n, classes]
  std::vector<int8_t> Score(std::span<const int8_t> patches, int threads);

  /// Likewise, for an engine that has an embedding.
  /// @return int8 [n, embedding().values]
  std::vector<int8_t> Embed(std::span<const int8_t> patches, int threads);

 private:
  using Scratch = sound_model::WideEngine::Scratch;
  using Computation = void (sound_model::WideEngine::*)(std::span<const int8_t>, std::span<int8_t>, Scratch&) const;

  /// @param values  that the computation gives for a patch.
  std::vector<int8_t> Compute(Computation computation, size_t values, std::span<const int8_t> patches, int threads);

  Scratch TakeScratch();
  void GiveBack(Scratch scratch);

  std::unique_ptr<sound_model::WideEngine> engine_;
  std::mutex mutex_;
  std::vector<Scratch> idle_;
};

}  // namespace device_core

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <vector>

#include "listening/error.h"
#include "listening/services.h"
#include "sound_model/engine.h"
#include "sound_model/self_test_vector.h"

namespace listening {

struct InferenceTimes {
  uint32_t patches;  ///< Since the start.
  uint32_t p50_us;   ///< Of the latest kTimesKept.
  uint32_t max_us;   ///< Since the start.
};

struct Profile {
  uint64_t total_cycles;
  uint32_t total_us;
  std::vector<sound_model::OpCost> ops;  ///< In order of execution.
};

struct SelfTestResult {
  int differing_outputs;
  int largest_difference;  ///< In steps of the int8 output.
  uint32_t invoke_us;

  bool passed() const { return differing_outputs == 0; }
};

/// The engine for several tasks: one inference at a time.
class ModelService {
 public:
  ModelService(Services& services, std::unique_ptr<sound_model::Engine> engine);

  /// @param patch   kPatchValues values, as they go into the model.
  /// @param scores  receives as many values as the model has classes, as they come out.
  /// @return microseconds that the inference took; kBusy when another task does not let go, kFailed.
  std::expected<uint32_t, Error> Score(std::span<const int8_t> patch, std::span<int8_t> scores);

  /// One inference measured op by op.
  std::expected<Profile, Error> ProfileOps();

  /// Also checks that no kernel writes into the tensor it reads.
  std::expected<SelfTestResult, Error> SelfTest(const sound_model::SelfTestVector& vector);

  InferenceTimes times() const;
  size_t arena_used() const { return arena_used_; }

 private:
  static constexpr size_t kTimesKept = 64;

  std::expected<uint32_t, Error> InvokeLocked(bool guarded);
  void NoteTime(uint32_t us);

  Services& services_;
  std::unique_ptr<sound_model::Engine> engine_;
  size_t arena_used_;
  std::unique_ptr<base::Lock> engine_lock_;
  std::unique_ptr<base::Lock> times_lock_;  ///< Of what follows; never held for long.
  std::array<uint32_t, kTimesKept> latest_us_{};
  uint32_t patches_ = 0;
  uint32_t max_us_ = 0;
};

}  // namespace listening

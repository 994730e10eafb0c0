// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <vector>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "serial_console/device.h"
#include "sound_model/interpreter.h"
#include "sound_model/self_test_vector.h"

namespace firmware {

struct InferenceTimes {
  uint32_t patches;  ///< Since the start.
  uint32_t p50_us;   ///< Of the latest kTimesKept.
  uint32_t max_us;   ///< Since the start.
};

/// The interpreter for several tasks: one inference at a time.
class ModelService {
 public:
  explicit ModelService(std::unique_ptr<sound_model::Interpreter> interpreter);

  /// @return microseconds that the inference took; kBusy when another task does not let go, kFailed.
  std::expected<uint32_t, serial_console::Error> Score(std::span<const int8_t> patch, std::span<int8_t> scores);

  /// One inference measured op by op, of whatever patch is in the input.
  std::expected<serial_console::Profile, serial_console::Error> Profile();

  /// Also checks that no kernel writes into the tensor it reads.
  std::expected<serial_console::SelfTestResult, serial_console::Error> SelfTest(
      const sound_model::SelfTestVector& vector);

  InferenceTimes times() const;
  size_t arena_used() const { return interpreter_->arena_used(); }

 private:
  static constexpr size_t kTimesKept = 64;

  std::expected<uint32_t, serial_console::Error> InvokeLocked(bool guarded);
  void NoteTime(uint32_t us);

  std::unique_ptr<sound_model::Interpreter> interpreter_;
  SemaphoreHandle_t lock_;
  std::vector<serial_console::OpProfile> profile_;
  std::array<uint32_t, kTimesKept> latest_us_{};
  uint32_t patches_ = 0;
  uint32_t max_us_ = 0;
};

}  // namespace firmware

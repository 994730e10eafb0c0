// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "listening/device.h"
#include "listening/health.h"

namespace listening {

/// A firmware that was just installed and is not confirmed yet; where there is none, it never is on trial.
class Trial {
 public:
  virtual ~Trial() = default;
  virtual bool running() const = 0;
  virtual void Confirm() = 0;
  /// Does not return on a device.
  virtual void RollBack() = 0;
};

/// What has to be done now and then while a device runs: failed boot steps tried again, a new firmware confirmed or
/// rolled back, a line of the log about how it goes, the noise floor stored.
class Upkeep {
 public:
  /// All outlive this.
  Upkeep(Device& device, Trial& trial, int64_t well_after_ms = HealthVerdict::kWellAfterMs);

  /// To be called every second, once the boot is over.
  void Tick();

 private:
  void Beat(int64_t now_ms);
  void JudgeTrial(const Health& health, int64_t now_ms);
  void Log(const DeviceState& state, int64_t period_ms);

  Device& device_;
  Trial& trial_;
  HealthVerdict verdict_;
  uint32_t patches_ = 0;  ///< At the last beat.
  int64_t beat_ms_ = 0;
  uint32_t beats_ = 0;
};

}  // namespace listening

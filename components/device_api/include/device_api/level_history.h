// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "listening/device.h"
#include "listening/patch_listener.h"

namespace device_api {

/// How loud it was, for a day or so: the level and the noise floor of each ten seconds. Nothing is allocated while it
/// listens.
class LevelHistory final : public listening::PatchListener {
 public:
  static constexpr int64_t kStepS = 10;

  /// Hundredths of a decibel.
  struct Step {
    int16_t level;  ///< The loudest 120 ms.
    int16_t floor;  ///< The latest.
  };
  static constexpr int16_t kUnknown = INT16_MIN;

  /// @param device  outlives this, as does the memory, on the chip in PSRAM; there may be none.
  LevelHistory(listening::Device& device, std::span<Step> memory);

  void OnPatch(const listening::ScoredPatch& patch) override;

  struct Curve {
    int64_t end_s;            ///< Uptime at the end of the newest step, which may still go on.
    std::vector<Step> steps;  ///< Oldest first; kUnknown where it did not listen.
  };
  /// From any task.
  /// @param joined  how many of kStepS make one step of the curve.
  Curve Latest(size_t steps, size_t joined) const;

 private:
  Step At(int64_t step) const;
  void Advance(int64_t step);

  listening::Device& device_;
  std::span<Step> memory_;
  std::unique_ptr<base::Lock> lock_;
  int64_t newest_ = -1;  ///< The step that goes on.
};

}  // namespace device_api

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "listening/event_watch.h"
#include "listening/patch_listener.h"
#include "sound_model/class_map.h"

namespace device_api {

/// The scores of the latest patches, for whoever watches. The task that hears copies them and goes on.
class ScoreFeed final : public listening::PatchListener {
 public:
  struct Patch {
    uint64_t number;  ///< Counts patches since boot, from 1.
    int64_t start_sample;
    sound_model::Quantization quantization;
    std::array<int8_t, sound_model::kClasses> scores;
  };

  explicit ScoreFeed(std::unique_ptr<base::Lock> lock) : lock_(std::move(lock)) {}

  void OnPatch(const listening::ScoredPatch& patch) override;

  /// From any task.
  uint64_t latest() const;  ///< Number of the newest patch; 0 before the first.
  /// @return the patch after this number, or the oldest that is still there if that is gone; nothing yet.
  std::optional<Patch> After(uint64_t number) const;

 private:
  static constexpr size_t kKept = 8;

  std::unique_ptr<base::Lock> lock_;
  std::array<Patch, kKept> patches_{};
  uint64_t latest_ = 0;
};

}  // namespace device_api

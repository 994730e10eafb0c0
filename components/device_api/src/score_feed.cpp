// SPDX-License-Identifier: Apache-2.0
#include "device_api/score_feed.h"

#include <algorithm>
#include <mutex>

namespace device_api {

void ScoreFeed::OnPatch(const listening::ScoredPatch& patch) {
  const std::lock_guard guard(*lock_);
  Patch& kept = patches_[++latest_ % kKept];
  kept.number = latest_;
  kept.start_sample = patch.start_sample;
  kept.quantization = patch.quantization;
  std::copy_n(patch.scores.begin(), std::min(patch.scores.size(), kept.scores.size()), kept.scores.begin());
}

uint64_t ScoreFeed::latest() const {
  const std::lock_guard guard(*lock_);
  return latest_;
}

std::optional<ScoreFeed::Patch> ScoreFeed::After(uint64_t number) const {
  const std::lock_guard guard(*lock_);
  if (number >= latest_) return std::nullopt;
  const uint64_t oldest = latest_ > kKept ? latest_ - kKept + 1 : 1;
  return patches_[std::max(number + 1, oldest) % kKept];
}

}  // namespace device_api

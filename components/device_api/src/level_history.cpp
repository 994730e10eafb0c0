// SPDX-License-Identifier: Apache-2.0
#include "device_api/level_history.h"

#include <algorithm>
#include <mutex>

namespace device_api {
namespace {

constexpr LevelHistory::Step kNothing{LevelHistory::kUnknown, LevelHistory::kUnknown};

int64_t StepOf(int64_t uptime_us) { return uptime_us / (LevelHistory::kStepS * 1'000'000); }

void Join(const LevelHistory::Step& later, LevelHistory::Step& sum) {
  sum.level = std::max(sum.level, later.level);
  if (later.floor != LevelHistory::kUnknown) sum.floor = later.floor;
}

}  // namespace

LevelHistory::LevelHistory(listening::Device& device, std::span<Step> memory)
    : device_(device), memory_(memory), lock_(device.services().MakeLock()) {
  std::ranges::fill(memory_, kNothing);
}

void LevelHistory::OnPatch(const listening::ScoredPatch& patch) {
  const auto watch = device_.watch();
  const auto level = watch ? (*watch)->patch_level() : std::nullopt;
  if (memory_.empty() || !level || level->start_sample != patch.start_sample) return;
  const int64_t step = StepOf(device_.services().UptimeUs());
  const std::lock_guard guard(*lock_);
  Advance(step);
  Join({static_cast<int16_t>(level->level), static_cast<int16_t>(level->floor)},
       memory_[static_cast<size_t>(step) % memory_.size()]);
}

/// Steps in which nothing was heard are unknown.
void LevelHistory::Advance(int64_t step) {
  const auto size = static_cast<int64_t>(memory_.size());
  for (int64_t each = std::max(newest_ + 1, step - size + 1); each <= step; ++each)
    memory_[static_cast<size_t>(each % size)] = kNothing;
  newest_ = std::max(newest_, step);
}

LevelHistory::Step LevelHistory::At(int64_t step) const {
  const auto size = static_cast<int64_t>(memory_.size());
  if (step < 0 || step > newest_ || step <= newest_ - size) return kNothing;
  return memory_[static_cast<size_t>(step % size)];
}

LevelHistory::Curve LevelHistory::Latest(size_t steps, size_t joined) const {
  const int64_t now = StepOf(device_.services().UptimeUs());
  Curve curve{.end_s = (now + 1) * kStepS, .steps = std::vector<Step>(steps, kNothing)};
  const std::lock_guard guard(*lock_);
  int64_t step = now + 1 - static_cast<int64_t>(steps * joined);
  for (Step& sum : curve.steps) {
    for (size_t i = 0; i < joined; ++i) Join(At(step++), sum);
  }
  return curve;
}

}  // namespace device_api

// SPDX-License-Identifier: Apache-2.0
#include "device_api/patch_history.h"

#include <algorithm>
#include <mutex>

#include "listening/strongest.h"

namespace device_api {
namespace {

/// Where a model has fewer classes than there are places, the strongest one stands in the others, too.
void KeepStrongest(std::span<const int8_t> scores, PatchHistory::Patch& patch) {
  const size_t used = listening::Strongest(scores, patch.index).size();
  std::fill(patch.index.begin() + static_cast<ptrdiff_t>(used), patch.index.end(), patch.index.front());
  std::ranges::transform(patch.index, patch.score.begin(), [&](uint16_t index) { return scores[index]; });
}

}  // namespace

PatchHistory::PatchHistory(listening::Device& device, std::span<Patch> memory)
    : device_(device), memory_(memory), lock_(device.services().MakeLock()) {}

void PatchHistory::OnPatch(const listening::ScoredPatch& scored) {
  const auto watch = device_.watch();
  const auto level = watch ? (*watch)->patch_level() : std::nullopt;
  if (memory_.empty() || !level || level->start_sample != scored.start_sample) return;
  const auto patterns = (*watch)->patterns();
  const auto minute = static_cast<int16_t>(device_.services().MinuteOfDay());
  const std::lock_guard guard(*lock_);
  quantization_ = scored.quantization;
  Patch& patch = memory_[++latest_ % memory_.size()];
  patch.start_sample = scored.start_sample;
  patch.level = static_cast<int16_t>(level->level);
  patch.floor = static_cast<int16_t>(level->floor);
  patch.minute_of_day = minute;
  patch.patterns = patterns;
  KeepStrongest(scored.scores, patch);
}

uint64_t PatchHistory::latest() const {
  const std::lock_guard guard(*lock_);
  return latest_;
}

uint64_t PatchHistory::oldest() const {
  const std::lock_guard guard(*lock_);
  return OldestLocked();
}

std::optional<PatchHistory::Patch> PatchHistory::At(uint64_t number) const {
  const std::lock_guard guard(*lock_);
  if (number > latest_ || number < OldestLocked()) return std::nullopt;
  return memory_[number % memory_.size()];
}

sound_model::Quantization PatchHistory::quantization() const {
  const std::lock_guard guard(*lock_);
  return quantization_;
}

}  // namespace device_api

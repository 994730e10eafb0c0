// SPDX-License-Identifier: Apache-2.0
#include "device_api/score_feed.h"

#include <algorithm>
#include <mutex>

#include "log_mel/spec.h"

namespace device_api {
namespace {

constexpr size_t kNewFrames = log_mel::kYamnetSpec.patch_hop;
constexpr size_t kPooled = kNewFrames / MelStrip::kFrames;
static_assert(kPooled * MelStrip::kFrames == kNewFrames && log_mel::kYamnetSpec.mel_bands == MelStrip::kBands);

/// The means of a few frames each.
MelStrip Shrink(std::span<const int8_t> patch) {
  MelStrip strip{};
  const std::span<const int8_t> fresh = patch.last(kNewFrames * MelStrip::kBands);
  for (size_t i = 0; i < strip.values.size(); ++i) {
    const size_t first = i / MelStrip::kBands * kPooled * MelStrip::kBands + i % MelStrip::kBands;
    int sum = 0;
    for (size_t frame = 0; frame < kPooled; ++frame) sum += fresh[first + frame * MelStrip::kBands] + 128;
    strip.values[i] = static_cast<uint8_t>(sum / static_cast<int>(kPooled));
  }
  return strip;
}

}  // namespace

void ScoreFeed::OnPatch(const listening::ScoredPatch& patch) {
  const MelStrip mel = Shrink(patch.values);
  const std::lock_guard guard(*lock_);
  Patch& kept = patches_[++latest_ % kKept];
  kept.number = latest_;
  kept.start_sample = patch.start_sample;
  kept.quantization = patch.quantization;
  kept.classes = std::min(patch.scores.size(), kept.values.size());
  std::copy_n(patch.scores.begin(), kept.classes, kept.values.begin());
  kept.mel = mel;
  latest_us_ = services_.UptimeUs();
}

bool ScoreFeed::listening() const {
  const int64_t now = services_.UptimeUs();
  const std::lock_guard guard(*lock_);
  return latest_ > 0 && now - latest_us_ < kAliveUs;
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

// SPDX-License-Identifier: Apache-2.0
#include "clip_store/clip_catalog.h"

#include <algorithm>
#include <tuple>

#include "clip_store/wav_file.h"

namespace clip_store {
namespace {

static_assert(sizeof(Clip) == 28);

constexpr uint64_t kShareOfCapacity = 32;  ///< What a small medium leaves free at most.

uint32_t Clamped(uint64_t bytes) { return static_cast<uint32_t>(std::min<uint64_t>(bytes, UINT32_MAX)); }

auto ById(const Clip& clip) { return std::tuple(clip.key.id, clip.key.dated, clip.key.time_s); }

auto ByAge(const Clip& clip) { return std::tuple(clip.order_s, ById(clip)); }

/// Whether removing it went well, or there was nothing to remove.
bool IsRemoved(const StorageResult<void>& removed) { return removed || removed.error() == StorageError::kNotFound; }

}  // namespace

void ClipCatalog::See(std::string_view name, uint64_t bytes) {
  if (const auto clip = ClipName::Parse(name)) {
    clips_.push_back({.key = *clip, .order_s = 0, .bytes = Clamped(WavBytes(files_, bytes)), .starred = false});
  } else if (const auto star = StarredBy(name)) {
    stars_.push_back(*star);
  }
}

void ClipCatalog::Sort() {
  std::ranges::sort(clips_, {}, ById);
  uint32_t latest_s = 0;
  for (Clip& clip : clips_) {
    if (clip.key.dated) latest_s = clip.key.time_s;
    clip.order_s = latest_s;
  }
  std::ranges::sort(clips_, {}, ByAge);
}

StorageResult<uint32_t> ClipCatalog::Open() {
  Sort();
  uint32_t repaired = 0;
  // By age and by event the same clip, unless ids have fallen, as earlier firmware let them.
  std::vector<ClipName> unfinished;
  if (!clips_.empty()) {
    unfinished = {std::ranges::max(clips_, {}, ById).key, clips_.back().key};
    if (unfinished[0] == unfinished[1]) unfinished.pop_back();
  }
  for (const ClipName& clip : unfinished) {
    const auto done = Repair(clip);
    if (!done) return std::unexpected(done.error());
    if (*done) ++repaired;
  }
  for (const ClipName& star : stars_) {
    const size_t index = IndexOf(star);
    if (index < clips_.size()) {
      clips_[index].starred = true;
    } else if (auto removed = files_.Remove(StarName(star.Text())); !IsRemoved(removed)) {
      return std::unexpected(removed.error());
    }
  }
  stars_ = {};
  return repaired;
}

/// @return whether there was something to repair.
StorageResult<bool> ClipCatalog::Repair(const ClipName& clip) {
  const size_t index = IndexOf(clip);
  const auto forget = [&] { clips_.erase(clips_.begin() + static_cast<ptrdiff_t>(index)); };
  const auto condition = Condition(clips_[index]);
  if (!condition) {
    const bool this_alone = condition.error() == StorageError::kCorrupt || condition.error() == StorageError::kNotFound;
    if (!this_alone) return std::unexpected(condition.error());
    forget();
  } else if (*condition == WavCondition::kHopeless) {
    if (auto removed = files_.Remove(clip.Text()); !IsRemoved(removed)) return std::unexpected(removed.error());
    forget();
  }
  return condition == WavCondition::kRepaired;
}

StorageResult<WavCondition> ClipCatalog::Condition(Clip& clip) {
  if (files_.append_only())
    return clip.bytes < WavFile::kHeaderBytes + 2 ? WavCondition::kHopeless : WavCondition::kWhole;
  auto file = files_.Open(clip.name(), FileLayer::Mode::kUpdate);
  if (!file) return std::unexpected(file.error());
  auto condition = RepairWav(**file);
  if (condition == WavCondition::kRepaired) clip.bytes = Clamped((*file)->Size().value_or(clip.bytes));
  return condition;
}

size_t ClipCatalog::IndexOf(const ClipName& clip) const {
  return static_cast<size_t>(std::ranges::find(clips_, clip, &Clip::key) - clips_.begin());
}

const Clip* ClipCatalog::Find(std::string_view name) const {
  const auto clip = ClipName::Parse(name);
  const size_t index = clip ? IndexOf(*clip) : clips_.size();
  return index < clips_.size() ? &clips_[index] : nullptr;
}

std::optional<EventId> ClipCatalog::largest_id() const {
  if (clips_.empty()) return std::nullopt;
  return std::ranges::max(clips_, {}, &Clip::id).id();
}

uint32_t ClipCatalog::OrderOf(const ClipName& clip) const {
  if (clip.dated) return clip.time_s;
  const Clip* latest = nullptr;
  for (const Clip& other : clips_) {
    const bool earlier = other.key.dated && other.id() < clip.id;
    if (earlier && (latest == nullptr || latest->id() < other.id())) latest = &other;
  }
  return latest == nullptr ? 0 : latest->key.time_s;
}

void ClipCatalog::Add(const ClipName& clip, uint64_t bytes) {
  const uint32_t newest_s = clips_.empty() ? 0 : clips_.back().order_s;
  const uint32_t order_s = std::max(OrderOf(clip), newest_s);
  clips_.push_back({.key = clip, .order_s = order_s, .bytes = Clamped(bytes), .starred = false});
}

std::vector<Clip> ClipCatalog::Before(const std::optional<ClipName>& clip, size_t count) const {
  auto end = clips_.end();
  if (clip) {
    const size_t index = IndexOf(*clip);
    const Clip place{.key = *clip,
                     .order_s = index < clips_.size() ? clips_[index].order_s : OrderOf(*clip),
                     .bytes = 0,
                     .starred = false};
    end = std::ranges::lower_bound(clips_, ByAge(place), {}, ByAge);
  }
  const auto begin = end - static_cast<ptrdiff_t>(std::min(count, static_cast<size_t>(end - clips_.begin())));
  return {std::reverse_iterator(end), std::reverse_iterator(begin)};
}

void ClipCatalog::SetBytes(const ClipName& clip, uint64_t bytes) {
  if (const size_t index = IndexOf(clip); index < clips_.size()) clips_[index].bytes = Clamped(bytes);
}

StorageResult<void> ClipCatalog::Star(std::string_view name, bool starred) {
  const Clip* const found = Find(name);
  if (found == nullptr) return std::unexpected(StorageError::kNotFound);
  if (starred == found->starred) return {};
  if (starred) {
    auto file = files_.Open(StarName(name), FileLayer::Mode::kCreate);
    if (!file) return std::unexpected(file.error());
    if (auto synced = (*file)->Sync(); !synced) return synced;
  } else if (auto removed = files_.Remove(StarName(name)); !IsRemoved(removed)) {
    return removed;
  }
  clips_[static_cast<size_t>(found - clips_.data())].starred = starred;
  return {};
}

StorageResult<void> ClipCatalog::Remove(std::string_view name) {
  const Clip* const found = Find(name);
  if (found == nullptr) return std::unexpected(StorageError::kNotFound);
  return Erase(static_cast<size_t>(found - clips_.data()));
}

StorageResult<void> ClipCatalog::Erase(size_t index) {
  const Clip clip = clips_[index];
  if (before_removal_) before_removal_(clip.key);
  // The clip goes first: a star without a clip is cleared away at the next mount.
  if (auto removed = files_.Remove(clip.name()); !IsRemoved(removed)) return removed;
  clips_.erase(clips_.begin() + static_cast<ptrdiff_t>(index));
  if (!clip.starred) return {};
  auto removed = files_.Remove(StarName(clip.name()));
  return IsRemoved(removed) ? StorageResult<void>{} : removed;
}

StorageResult<void> ClipCatalog::Retain(const RetentionSpec& spec, std::optional<int64_t> now_utc_s,
                                        const std::optional<ClipName>& in_use, uint64_t extra_bytes) {
  const auto too_old = [&](const Clip& clip) {
    return clip.key.dated && !clip.starred && clip.key != in_use && *now_utc_s - clip.key.time_s > spec.max_age_s;
  };
  for (size_t index = 0; spec.max_age_s > 0 && now_utc_s && index < clips_.size();) {
    if (!too_old(clips_[index])) {
      ++index;
    } else if (auto erased = Erase(index); !erased) {
      return erased;
    }
  }
  const uint64_t min_free_bytes = std::min(spec.min_free_bytes, files_.capacity() / kShareOfCapacity);
  while (true) {
    const auto free = files_.FreeBytes();
    if (!free) return std::unexpected(free.error());
    if (clips_.size() <= spec.max_clips && *free >= min_free_bytes + extra_bytes) return {};
    const auto gone = RemoveOldest(in_use);
    if (!gone) return std::unexpected(gone.error());
    if (!*gone) return {};
  }
}

StorageResult<bool> ClipCatalog::RemoveOldest(const std::optional<ClipName>& in_use) {
  for (const bool starred : {false, true}) {
    const auto clip =
        std::ranges::find_if(clips_, [&](const Clip& each) { return each.starred == starred && each.key != in_use; });
    if (clip == clips_.end()) continue;
    if (auto erased = Erase(static_cast<size_t>(clip - clips_.begin())); !erased)
      return std::unexpected(erased.error());
    return true;
  }
  return false;
}

}  // namespace clip_store

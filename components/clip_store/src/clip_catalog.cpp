// SPDX-License-Identifier: Apache-2.0
#include "clip_store/clip_catalog.h"

#include <algorithm>

#include "clip_store/wav_file.h"

namespace clip_store {
namespace {

bool Older(const Clip& a, const Clip& b) { return a.id < b.id; }

/// Whether removing it went well, or there was nothing to remove.
bool IsRemoved(const StorageResult<void>& removed) { return removed || removed.error() == StorageError::kNotFound; }

}  // namespace

StorageResult<uint32_t> ClipCatalog::Open() {
  clips_.clear();
  std::vector<std::string> stars;
  const auto listed = files_.List([&](std::string_view name, uint64_t bytes) {
    if (name.ends_with(".star")) stars.emplace_back(name);
    if (const auto parsed = ClipName::Parse(name))
      clips_.push_back(
          {.id = parsed->id, .name = std::string(name), .bytes = bytes, .utc_s = parsed->utc_s, .starred = false});
  });
  if (!listed) return std::unexpected(listed.error());
  std::ranges::sort(clips_, Older);
  uint32_t repaired = 0;
  const auto damaged = [](StorageError error) {  // this file alone
    return error == StorageError::kCorrupt || error == StorageError::kNotFound;
  };
  for (size_t i = 0; i < clips_.size();) {
    auto file = files_.Open(clips_[i].name, FileLayer::Mode::kUpdate);
    const auto condition = file ? RepairWav(**file) : std::unexpected(file.error());
    if (!condition && !damaged(condition.error())) return std::unexpected(condition.error());
    if (!condition) {
      clips_.erase(clips_.begin() + static_cast<ptrdiff_t>(i));
      continue;
    }
    if (*condition == WavCondition::kHopeless) {
      file->reset();
      if (auto removed = files_.Remove(clips_[i].name); !IsRemoved(removed)) return std::unexpected(removed.error());
      clips_.erase(clips_.begin() + static_cast<ptrdiff_t>(i));
      continue;
    }
    if (*condition == WavCondition::kRepaired) {
      ++repaired;
      clips_[i].bytes = (*file)->Size().value_or(clips_[i].bytes);
    }
    clips_[i].starred = std::ranges::find(stars, StarName(clips_[i].name)) != stars.end();
    ++i;
  }
  for (const std::string& star : stars) {
    const std::string clip = star.substr(0, star.rfind('.')) + ".wav";
    if (!ClipName::Parse(clip) || Find(clip) != clips_.end()) continue;
    if (auto removed = files_.Remove(star); !IsRemoved(removed)) return std::unexpected(removed.error());
  }
  return repaired;
}

std::vector<Clip>::iterator ClipCatalog::Find(std::string_view name) {
  return std::ranges::find(clips_, name, &Clip::name);
}

bool ClipCatalog::Has(std::string_view name) const {
  return std::ranges::find(clips_, name, &Clip::name) != clips_.end();
}

void ClipCatalog::Add(Clip clip) {
  const auto place = std::ranges::upper_bound(clips_, clip, Older);
  clips_.insert(place, std::move(clip));
}

void ClipCatalog::SetBytes(std::string_view name, uint64_t bytes) {
  if (const auto clip = Find(name); clip != clips_.end()) clip->bytes = bytes;
}

StorageResult<void> ClipCatalog::Star(std::string_view name, bool starred) {
  const auto clip = Find(name);
  if (clip == clips_.end()) return std::unexpected(StorageError::kNotFound);
  if (starred == clip->starred) return {};
  if (starred) {
    auto file = files_.Open(StarName(name), FileLayer::Mode::kCreate);
    if (!file) return std::unexpected(file.error());
    if (auto synced = (*file)->Sync(); !synced) return synced;
  } else if (auto removed = files_.Remove(StarName(name)); !IsRemoved(removed)) {
    return removed;
  }
  clip->starred = starred;
  return {};
}

StorageResult<void> ClipCatalog::Remove(std::string_view name) {
  const auto clip = Find(name);
  if (clip == clips_.end()) return std::unexpected(StorageError::kNotFound);
  return Erase(clip);
}

StorageResult<void> ClipCatalog::Erase(std::vector<Clip>::iterator clip) {
  // The clip goes first: a star without a clip is cleared away at the next mount.
  if (auto removed = files_.Remove(clip->name); !IsRemoved(removed)) return removed;
  const std::string star = StarName(clip->name);
  const bool starred = clip->starred;
  clips_.erase(clip);
  if (!starred) return {};
  auto removed = files_.Remove(star);
  return IsRemoved(removed) ? StorageResult<void>{} : removed;
}

std::vector<Clip>::iterator ClipCatalog::NextToGo(std::string_view in_use) {
  for (const bool starred : {false, true}) {
    const auto clip =
        std::ranges::find_if(clips_, [&](const Clip& each) { return each.starred == starred && each.name != in_use; });
    if (clip != clips_.end()) return clip;
  }
  return clips_.end();
}

StorageResult<uint32_t> ClipCatalog::Retain(const RetentionSpec& spec, std::optional<int64_t> now_utc_s,
                                            std::string_view in_use, uint64_t extra_bytes) {
  uint32_t removed = 0;
  const auto too_old = [&](const Clip& clip) {
    return spec.max_age_s > 0 && now_utc_s && clip.utc_s && !clip.starred && clip.name != in_use &&
           *now_utc_s - *clip.utc_s > spec.max_age_s;
  };
  for (auto clip = clips_.begin(); (clip = std::find_if(clips_.begin(), clips_.end(), too_old)) != clips_.end();) {
    if (auto erased = Erase(clip); !erased) return std::unexpected(erased.error());
    ++removed;
  }
  while (true) {
    const auto free = files_.FreeBytes();
    if (!free) return std::unexpected(free.error());
    if (clips_.size() <= spec.max_clips && *free >= spec.min_free_bytes + extra_bytes) return removed;
    const auto gone = RemoveOldest(in_use);
    if (!gone) return std::unexpected(gone.error());
    if (!*gone) return removed;
    ++removed;
  }
}

StorageResult<bool> ClipCatalog::RemoveOldest(std::string_view in_use) {
  const auto clip = NextToGo(in_use);
  if (clip == clips_.end()) return false;
  if (auto erased = Erase(clip); !erased) return std::unexpected(erased.error());
  return true;
}

}  // namespace clip_store

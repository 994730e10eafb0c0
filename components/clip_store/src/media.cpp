// SPDX-License-Identifier: Apache-2.0
#include "clip_store/media.h"

#include <algorithm>

namespace clip_store {
namespace {

constexpr std::string_view kTrialName = "write-test.tmp";

/// A medium that takes no writes must show it now, not when a clip is to be written. A full one will do.
StorageResult<void> TryToWrite(FileLayer& files) {
  auto trial = files.Open(kTrialName, FileLayer::Mode::kCreate);
  if (!trial) return trial.error() == StorageError::kNoSpace ? StorageResult<void>{} : std::unexpected(trial.error());
  trial->reset();
  return files.Remove(kTrialName);
}

VolumeState StateAfter(StorageError error, bool can_format) {
  switch (error) {
    case StorageError::kReadOnly:
      return VolumeState::kReadOnly;
    case StorageError::kCorrupt:
    case StorageError::kNotFound:
      return can_format ? VolumeState::kNeedsFormat : VolumeState::kCorrupt;
    default:
      return VolumeState::kAbsent;
  }
}

}  // namespace

std::string_view VolumeStateName(VolumeState state) {
  switch (state) {
    case VolumeState::kNotTried:
      return "not tried";
    case VolumeState::kMounted:
      return "mounted";
    case VolumeState::kReadOnly:
      return "read-only";
    case VolumeState::kCorrupt:
      return "corrupt";
    case VolumeState::kNeedsFormat:
      return "needs format";
    case VolumeState::kAbsent:
      break;
  }
  return "absent";
}

Media::Media(std::span<Volume* const> volumes, const JournalSpec& journal, Hooks hooks)
    : volumes_(volumes.begin(), volumes.end()), journal_(journal), hooks_(std::move(hooks)), failed_(volumes.size()) {
  for (const Volume* const volume : volumes)
    status_.push_back({.name = volume->name(), .state = VolumeState::kNotTried, .can_format = volume->can_format()});
}

Media::~Media() {
  if (mounted_) Unmount();
}

void Media::Unmount() {
  hooks_.unmounting();
  const size_t index = mounted_->index;
  mounted_.reset();
  volumes_[index]->Unmount();
  status_[index].state = VolumeState::kNotTried;
}

void Media::Improve() {
  std::fill(failed_.begin(), failed_.end(), false);
  MountBest(mounted_ ? mounted_->index : volumes_.size());
}

void Media::GiveUp(StorageError why) {
  const size_t index = mounted_->index;
  Unmount();
  Failed(index, why);
  MountBest(volumes_.size());
}

void Media::Format(size_t index) {
  if (status_[index].state != VolumeState::kNeedsFormat) return;
  const auto formatted = volumes_[index]->Format();
  if (formatted) status_[index].state = VolumeState::kNotTried;
  if (!formatted) last_error_ = formatted.error();
}

void Media::MountBest(size_t end) {
  for (size_t index = 0; index < end; ++index) {
    if (failed_[index]) continue;
    const auto used = Use(index);
    if (used) return;
    Failed(index, used.error());
    last_error_ = used.error();
  }
}

void Media::Failed(size_t index, StorageError why) {
  failed_[index] = true;
  status_[index].state = StateAfter(why, status_[index].can_format);
}

StorageResult<void> Media::Use(size_t index) {
  const auto files = volumes_[index]->Mount();
  if (!files) return std::unexpected(files.error());
  auto candidate =
      std::make_unique<Mounted>(index, *files, ClipCatalog(**files), Journal(**files, journal_), std::nullopt);
  if (auto prepared = Prepare(*candidate); !prepared) {
    candidate.reset();
    volumes_[index]->Unmount();
    return prepared;
  }
  if (mounted_) Unmount();
  mounted_ = std::move(candidate);
  status_[index].state = VolumeState::kMounted;
  ++mounts_;
  mounted_->catalog.OnRemoval(hooks_.removing);
  hooks_.mounted(index, mounted_->largest_id);
  return {};
}

/// Looks at the volume, once, and repairs what the last power cut left.
StorageResult<void> Media::Prepare(Mounted& candidate) {
  if (!candidate.files->append_only()) {
    if (auto writable = TryToWrite(*candidate.files); !writable) return writable;
  }
  const auto listed = candidate.files->List([&](std::string_view name, uint64_t bytes) {
    candidate.catalog.See(name, bytes);
    candidate.journal.See(name);
  });
  if (!listed) return listed;
  candidate.largest_id = candidate.catalog.largest_id();
  const auto repaired = candidate.catalog.Open();
  if (!repaired) return std::unexpected(repaired.error());
  repaired_clips_ += *repaired;
  if (auto opened = candidate.journal.Open(); !opened) return opened;
  candidate.largest_id = std::max(candidate.largest_id, candidate.journal.LargestId());
  return {};
}

}  // namespace clip_store

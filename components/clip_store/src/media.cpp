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

}  // namespace

Media::Media(std::span<Volume* const> volumes, const JournalSpec& journal)
    : volumes_(volumes.begin(), volumes.end()), journal_(journal), failed_(volumes.size()) {}

Media::~Media() {
  if (!mounted_) return;
  const size_t index = mounted_->index;
  mounted_.reset();
  volumes_[index]->Unmount();
}

void Media::Improve() {
  std::fill(failed_.begin(), failed_.end(), false);
  MountBest(mounted_ ? mounted_->index : volumes_.size());
}

void Media::GiveUp() {
  const size_t index = mounted_->index;
  mounted_.reset();
  volumes_[index]->Unmount();
  failed_[index] = true;
  MountBest(volumes_.size());
}

void Media::MountBest(size_t end) {
  for (size_t index = 0; index < end; ++index) {
    if (failed_[index]) continue;
    const auto used = Use(index);
    if (used) return;
    failed_[index] = true;
    last_error_ = used.error();
  }
}

StorageResult<void> Media::Use(size_t index) {
  const auto files = volumes_[index]->Mount();
  if (!files) return std::unexpected(files.error());
  auto candidate = std::make_unique<Mounted>(index, *files, ClipCatalog(**files), Journal(**files, journal_));
  if (auto prepared = Prepare(*candidate); !prepared) {
    candidate.reset();
    volumes_[index]->Unmount();
    return prepared;
  }
  std::swap(mounted_, candidate);
  ++mounts_;
  if (candidate) {
    const size_t before = candidate->index;
    candidate.reset();
    volumes_[before]->Unmount();
  }
  return {};
}

/// Repairs what the last power cut left.
StorageResult<void> Media::Prepare(Mounted& candidate) {
  if (auto writable = TryToWrite(*candidate.files); !writable) return writable;
  const auto repaired = candidate.catalog.Open();
  if (!repaired) return std::unexpected(repaired.error());
  repaired_clips_ += *repaired;
  return candidate.journal.Open();
}

}  // namespace clip_store

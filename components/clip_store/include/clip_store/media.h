// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "clip_store/clip_catalog.h"
#include "clip_store/journal.h"
#include "clip_store/storage.h"

namespace clip_store {

/// The volumes there may be, in order of preference, and the one in use with what is on it.
class Media {
 public:
  /// @param volumes  outlive this.
  Media(std::span<Volume* const> volumes, const JournalSpec& journal);
  ~Media();
  Media(const Media&) = delete;
  Media& operator=(const Media&) = delete;

  /// Whether a volume is in use. The following may be called only then.
  explicit operator bool() const { return mounted_ != nullptr; }
  std::string_view name() const { return volumes_[mounted_->index]->name(); }
  FileLayer& files() { return *mounted_->files; }
  ClipCatalog& catalog() { return mounted_->catalog; }
  const ClipCatalog& catalog() const { return mounted_->catalog; }
  Journal& journal() { return mounted_->journal; }
  bool Alive() { return volumes_[mounted_->index]->Alive(); }

  /// Mounts the best volume that works, if it is better than the one in use. Those that failed before get another
  /// chance.
  void Improve();

  /// Gives up the volume in use and mounts the best other one. One that fails is not tried again before Improve().
  void GiveUp();

  /// Why the last volume that was tried could not be used.
  std::optional<StorageError> last_error() const { return last_error_; }
  uint32_t mounts() const { return mounts_; }
  uint64_t repaired_clips() const { return repaired_clips_; }

 private:
  struct Mounted {
    size_t index;
    FileLayer* files;
    ClipCatalog catalog;
    Journal journal;
  };

  void MountBest(size_t end);
  StorageResult<void> Use(size_t index);
  StorageResult<void> Prepare(Mounted& candidate);

  std::vector<Volume*> volumes_;
  JournalSpec journal_;
  std::vector<bool> failed_;
  std::unique_ptr<Mounted> mounted_;
  std::optional<StorageError> last_error_;
  uint32_t mounts_ = 0;
  uint64_t repaired_clips_ = 0;
};

}  // namespace clip_store

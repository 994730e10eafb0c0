// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "clip_store/clip_catalog.h"
#include "clip_store/journal.h"
#include "clip_store/storage.h"

namespace clip_store {

enum class VolumeState {
  kNotTried,     ///< A better one is in use.
  kMounted,      ///< In use.
  kAbsent,       ///< Not there, or it answers with errors.
  kReadOnly,     ///< It takes no writes.
  kCorrupt,      ///< What is on it cannot be read as a file system; it is its owner's to repair or format.
  kNeedsFormat,  ///< The same of one that ClipStore::RequestFormat() may format.
};

/// "not tried", "mounted", "absent", "read-only", "corrupt", "needs format".
std::string_view VolumeStateName(VolumeState state);

struct VolumeStatus {
  std::string_view name;  ///< As long as the volume.
  VolumeState state;
  bool can_format;
};

/// The volumes there may be, in order of preference, and the one in use with what is on it.
class Media {
 public:
  /// Who has to know what happens to volumes.
  struct Hooks {
    /// A volume has been mounted, on which the largest id of all clips and journal lines is this.
    std::function<void(size_t index, std::optional<EventId> largest)> mounted;
    /// The volume in use is about to be unmounted.
    std::function<void()> unmounting;
    /// A clip is about to be removed.
    std::function<void(const ClipName&)> removing;
  };

  /// @param volumes  outlive this.
  Media(std::span<Volume* const> volumes, const JournalSpec& journal, Hooks hooks);
  ~Media();
  Media(const Media&) = delete;
  Media& operator=(const Media&) = delete;

  /// Whether a volume is in use. The following may be called only then.
  explicit operator bool() const { return mounted_ != nullptr; }
  size_t index() const { return mounted_->index; }
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
  void GiveUp(StorageError why);

  /// Formats a volume that needs it. Improve() mounts it then.
  void Format(size_t index);

  const std::vector<VolumeStatus>& volumes() const { return status_; }
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
    std::optional<EventId> largest_id;
  };

  void MountBest(size_t end);
  StorageResult<void> Use(size_t index);
  StorageResult<void> Prepare(Mounted& candidate);
  void Failed(size_t index, StorageError why);
  void Unmount();

  std::vector<Volume*> volumes_;
  JournalSpec journal_;
  Hooks hooks_;
  std::vector<VolumeStatus> status_;
  std::vector<bool> failed_;
  std::unique_ptr<Mounted> mounted_;
  std::optional<StorageError> last_error_;
  uint32_t mounts_ = 0;
  uint64_t repaired_clips_ = 0;
};

}  // namespace clip_store

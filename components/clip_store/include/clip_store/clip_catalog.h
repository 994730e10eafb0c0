// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clip_store/clip_name.h"
#include "clip_store/storage.h"
#include "clip_store/wav_file.h"

namespace clip_store {

struct RetentionSpec {
  uint32_t max_clips = 500;
  int64_t max_age_s = 0;                       ///< 0: any age.
  uint64_t min_free_bytes = 16 * 1024 * 1024;  ///< Where capacity() is little, a 32nd of it at most.
};

/// 28 bytes, so that 10,000 of them are 280 KB.
struct Clip {
  ClipName key;
  uint32_t
      order_s;  ///< What clips are ordered by: UTC; of a clip without a date, that of the dated clip before it by id.
  uint32_t bytes;  ///< As a WAV.
  bool starred;

  std::string name() const { return key.Text(); }
  const EventId& id() const { return key.id; }
  std::optional<int64_t> utc_s() const { return key.dated ? std::optional<int64_t>(key.time_s) : std::nullopt; }
};

/// The clips on a volume, oldest first, and which of them have to go. A clip whose name has a date is as old as that;
/// one without is as old as the dated clip before it by event id, and of equally old ones the later event's is newer.
/// Files that have no clip's name are never touched.
class ClipCatalog {
 public:
  explicit ClipCatalog(FileLayer& files) : files_(files) {}

  /// To be told each file of the volume, once, and then Open().
  void See(std::string_view name, uint64_t bytes);

  /// Repairs what a power cut left of the clip that was being written: only the latest event's can be unfinished.
  /// Removes it if it has no sample, and stars without clip.
  /// @return how many were repaired.
  StorageResult<uint32_t> Open();

  /// @param before_removal  told of each clip whose file is about to be removed.
  void OnRemoval(std::function<void(const ClipName&)> before_removal) { before_removal_ = std::move(before_removal); }

  const std::vector<Clip>& clips() const { return clips_; }
  std::optional<EventId> largest_id() const;

  /// nullptr when there is none.
  const Clip* Find(std::string_view name) const;
  bool Has(const ClipName& clip) const { return IndexOf(clip) < clips_.size(); }
  /// So many clips, newest first, from before this one on, be it there or not; from the newest on without one.
  std::vector<Clip> Before(const std::optional<ClipName>& clip, size_t count) const;
  /// Adds the clip of the latest event: it is the newest, even where a clock that was wrong has left younger dates.
  void Add(const ClipName& clip, uint64_t bytes);
  void SetBytes(const ClipName& clip, uint64_t bytes);

  /// @return kNotFound when there is no such clip.
  StorageResult<void> Star(std::string_view name, bool starred);
  StorageResult<void> Remove(std::string_view name);

  /// Removes clips until the limits are kept: those too old (when `now_utc_s` is known; starred clips and clips without
  /// a date stay), then the oldest while there are too many or too little space is free. Starred clips go when no other
  /// is left, `in_use` never.
  /// @param extra_bytes  to be free on top of the limit.
  StorageResult<void> Retain(const RetentionSpec& spec, std::optional<int64_t> now_utc_s,
                             const std::optional<ClipName>& in_use, uint64_t extra_bytes = 0);

  /// Removes the clip that Retain() would remove first.
  /// @return whether there was one.
  StorageResult<bool> RemoveOldest(const std::optional<ClipName>& in_use);

 private:
  size_t IndexOf(const ClipName& clip) const;
  void Sort();
  uint32_t OrderOf(const ClipName& clip) const;
  StorageResult<bool> Repair(const ClipName& clip);
  StorageResult<WavCondition> Condition(Clip& clip);
  StorageResult<void> Erase(size_t index);

  FileLayer& files_;
  std::function<void(const ClipName&)> before_removal_;
  std::vector<Clip> clips_;
  std::vector<ClipName> stars_;  ///< Until Open().
};

}  // namespace clip_store

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clip_store/clip_name.h"
#include "clip_store/storage.h"

namespace clip_store {

struct RetentionSpec {
  uint32_t max_clips = 500;
  int64_t max_age_s = 0;  ///< 0: any age.
  uint64_t min_free_bytes = 16 * 1024 * 1024;
};

struct Clip {
  EventId id;
  std::string name;
  uint64_t bytes;
  std::optional<int64_t> utc_s;
  bool starred;
};

/// The clips on a volume, oldest first, and which of them have to go. Ages by event id, which needs no clock; files
/// that have no clip's name are never touched.
class ClipCatalog {
 public:
  explicit ClipCatalog(FileLayer& files) : files_(files) {}

  /// Finds the clips, repairs what a power cut left of them and removes those without a sample, and stars without clip.
  /// @return how many were repaired.
  StorageResult<uint32_t> Open();

  const std::vector<Clip>& clips() const { return clips_; }

  bool Has(std::string_view name) const;
  void Add(Clip clip);
  void SetBytes(std::string_view name, uint64_t bytes);

  /// @return kNotFound when there is no such clip.
  StorageResult<void> Star(std::string_view name, bool starred);
  StorageResult<void> Remove(std::string_view name);

  /// Removes clips until the limits are kept: those too old (when `now_utc_s` is known; starred clips and clips without
  /// a date stay), then the oldest while there are too many or too little space is free. Starred clips go when no other
  /// is left, `in_use` never.
  /// @param extra_bytes  to be free on top of the limit.
  /// @return how many were removed.
  StorageResult<uint32_t> Retain(const RetentionSpec& spec, std::optional<int64_t> now_utc_s, std::string_view in_use,
                                 uint64_t extra_bytes = 0);

  /// Removes the clip that Retain() would remove first.
  /// @return whether there was one.
  StorageResult<bool> RemoveOldest(std::string_view in_use);

 private:
  std::vector<Clip>::iterator Find(std::string_view name);
  std::vector<Clip>::iterator NextToGo(std::string_view in_use);
  StorageResult<void> Erase(std::vector<Clip>::iterator clip);

  FileLayer& files_;
  std::vector<Clip> clips_;
};

}  // namespace clip_store

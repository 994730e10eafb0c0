// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/lock.h"
#include "clip_store/clip_name.h"
#include "clip_store/storage.h"

namespace clip_store {

/// Takes a lock, but does not wait for it longer than another task may have to wait for storage.
class PatientGuard {
 public:
  static constexpr int64_t kPatience_ms = 2000;

  explicit PatientGuard(base::Lock& lock) : lock_(lock), taken_(lock.TryLockFor(kPatience_ms)) {}
  ~PatientGuard() {
    if (taken_) lock_.unlock();
  }
  PatientGuard(const PatientGuard&) = delete;
  explicit operator bool() const { return taken_; }

 private:
  base::Lock& lock_;
  bool taken_;
};

class ClipReader;

/// Who has a clip open besides the store. All but what a reader calls is called with the lock taken.
class ClipReaders : public std::enable_shared_from_this<ClipReaders> {
 public:
  static constexpr size_t kMost = 3;

  explicit ClipReaders(std::unique_ptr<base::Lock> lock) : lock_(std::move(lock)) {}

  base::Lock& lock() { return *lock_; }
  bool full() const { return open_.size() >= kMost; }
  std::unique_ptr<ClipReader> Add(const ClipName& clip, std::unique_ptr<File> file, uint64_t size);
  /// The clip goes: its readers get kNotFound from now on.
  void Close(const ClipName& clip);
  /// The volume goes: all readers get kGone from now on.
  void CloseAll();

 private:
  friend class ClipReader;

  std::unique_ptr<base::Lock> lock_;
  std::vector<ClipReader*> open_;
};

/// A clip being read by a task that is not storage's. It does not hold anything up: when its clip is removed or its
/// volume goes, the file is closed under it, and it says so.
class ClipReader {
 public:
  static constexpr size_t kMostBytes = 16 * 1024;

  ~ClipReader();
  ClipReader(const ClipReader&) = delete;

  /// Bytes of the WAV.
  uint64_t size() const { return size_; }

  /// Reads kMostBytes at most.
  /// @return fewer than asked for and than that only at the clip's end. kNotFound: the clip was removed. kGone: its
  ///         volume is not there any more. kBusy: storage is busy; the call may be repeated.
  StorageResult<size_t> ReadAt(uint64_t position, std::span<uint8_t> bytes);

 private:
  friend class ClipReaders;
  ClipReader(std::shared_ptr<ClipReaders> readers, const ClipName& clip, std::unique_ptr<File> file, uint64_t size)
      : readers_(std::move(readers)), clip_(clip), file_(std::move(file)), size_(size) {}

  std::shared_ptr<ClipReaders> readers_;
  ClipName clip_;
  std::unique_ptr<File> file_;  ///< nullptr once it was closed.
  uint64_t size_;
  StorageError why_closed_ = StorageError::kGone;
};

}  // namespace clip_store

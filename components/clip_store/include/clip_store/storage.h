// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

namespace clip_store {

/// Why storage did not do something. What is to be done about it differs, so the reasons are few.
enum class StorageError {
  kNotFound,  ///< No file of that name.
  kNoSpace,   ///< The medium is full.
  kReadOnly,  ///< The medium takes no writes.
  kGone,      ///< The medium was removed, or answers with errors.
  kCorrupt,   ///< There is no file system, or it contradicts itself.
  kBusy,      ///< Storage has its hands full with something else, or the file is being written.
};

std::string_view StorageErrorName(StorageError error);

template <typename T>
using StorageResult = std::expected<T, StorageError>;

/// An open file; its destructor closes it. Positions are in bytes.
class File {
 public:
  virtual ~File() = default;
  /// Writes all of `bytes`. After an error part of them may have been written, and the file may have grown.
  virtual StorageResult<void> WriteAt(uint64_t position, std::span<const uint8_t> bytes) = 0;
  /// @return how many bytes were read; fewer than asked for only at the file's end.
  virtual StorageResult<size_t> ReadAt(uint64_t position, std::span<uint8_t> bytes) = 0;
  virtual StorageResult<uint64_t> Size() = 0;
  virtual StorageResult<void> Truncate(uint64_t size) = 0;
  /// What was written before is on the medium when this has returned: a power cut does not undo it.
  virtual StorageResult<void> Sync() = 0;
};

/// One flat folder of a mounted medium. The seam that tests put their faults into.
class FileLayer {
 public:
  virtual ~FileLayer() = default;
  enum class Mode { kRead, kUpdate, kCreate };
  /// Whether what a file holds cannot be written again: writes must be at the file's end. Each is on the medium when it
  /// returns, so that nothing is ever half there.
  virtual bool append_only() const { return false; }
  /// Bytes that files can have in all, where this is so little that one kind of file may not take it all.
  virtual uint64_t capacity() const { return UINT64_MAX; }
  /// kRead and kUpdate open a file that exists; kCreate makes an empty one, in place of one that exists.
  virtual StorageResult<std::unique_ptr<File>> Open(std::string_view name, Mode mode) = 0;
  virtual StorageResult<void> Remove(std::string_view name) = 0;
  /// Calls `visit` with the name and the size of every file.
  virtual StorageResult<void> List(const std::function<void(std::string_view, uint64_t)>& visit) = 0;
  virtual StorageResult<uint64_t> FreeBytes() = 0;
};

/// A medium that may or may not be there: an SD card, a flash partition.
class Volume {
 public:
  virtual ~Volume() = default;
  /// For people: "sd" or "flash".
  virtual std::string_view name() const = 0;
  /// @return the folder, valid until Unmount().
  virtual StorageResult<FileLayer*> Mount() = 0;
  virtual void Unmount() = 0;
  /// Whether Format() may be called when Mount() answers kCorrupt: never for what its owner reads elsewhere.
  virtual bool can_format() const { return false; }
  /// Makes an unmounted medium empty and usable.
  virtual StorageResult<void> Format() { return std::unexpected(StorageError::kReadOnly); }
  /// Whether a mounted medium is still there. Asked now and then, so that a card pulled in a quiet night is noticed.
  virtual bool Alive() = 0;
};

}  // namespace clip_store

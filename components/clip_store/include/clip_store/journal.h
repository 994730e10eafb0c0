// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clip_store/clip_name.h"
#include "clip_store/storage.h"

namespace clip_store {

struct JournalSpec {
  uint64_t max_segment_bytes = 256 * 1024;
  uint32_t max_segments = 8;
};

/// A place between two lines of the journal.
struct JournalPosition {
  uint32_t segment = UINT32_MAX;  ///< The default is behind the last line.
  uint64_t offset = UINT64_MAX;
};

/// An append-only file of JSON lines, in numbered segments "journal-000001.jsonl" of which the oldest goes when there
/// are too many. Each line ends in its own CRC, is one write, and is synced before Append() returns: after a power cut
/// it is complete or absent once the journal has been opened again, and readers can tell a torn line even before that.
class Journal {
 public:
  static constexpr uint32_t kSchemaVersion = 1;
  /// A line's length at most, its end included.
  static constexpr size_t kMaxLineBytes = 1024;

  /// On a medium with little capacity an eighth of it is the most the segments may have.
  Journal(FileLayer& files, const JournalSpec& spec);

  /// To be told each file of the volume, once, and then Open().
  void See(std::string_view name);

  /// Cuts a torn line off the newest segment.
  StorageResult<void> Open();

  /// The largest event id of all lines that can be read.
  std::optional<EventId> LargestId();

  /// Adds a line. After an error it is not there, and the call may be repeated.
  /// @param object  from Seal(), without line end.
  StorageResult<void> Append(std::string_view object);

  /// Closes a JSON object that lacks its '}' with the field that proves it whole: `"crc":"<CRC-32 of what precedes>"`.
  static std::string Seal(std::string object);

  /// Whether a line without its end is complete.
  static bool IsWhole(std::string_view line);

  /// Calls `visit` with each complete line, oldest first, until it returns false.
  static StorageResult<void> Read(FileLayer& files, const std::function<bool(std::string_view)>& visit);

  /// The complete lines before a place, newest first, of one segment and with one read of 4 KB at most.
  /// @return where to go on; nothing when there is no earlier line.
  StorageResult<std::optional<JournalPosition>> ReadBack(JournalPosition before, size_t max_lines,
                                                         const std::function<void(std::string_view)>& visit);

  static std::string SegmentName(uint32_t number);

 private:
  StorageResult<void> OpenNewest();
  StorageResult<void> Repair();
  StorageResult<void> Rotate();

  FileLayer& files_;
  JournalSpec spec_;
  std::vector<uint32_t> segments_;  ///< Their numbers, oldest first.
  std::unique_ptr<File> file_;
  uint64_t size_ = 0;
};

}  // namespace clip_store

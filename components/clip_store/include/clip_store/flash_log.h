// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clip_store/flash_device.h"
#include "clip_store/storage.h"

namespace clip_store {

/// A folder of files that only grow, on NOR flash: what a write has returned for is on the medium, whatever a power cut
/// does to a later erase or program (docs/storage.md has the format and the reasons).
///
/// A sector belongs to one file. What is on the medium is never erased, nor written again but to take a file's first
/// header back, which removes the file. Free sectors are taken in turn, so that all wear alike, and a sector is erased
/// before it is used, whatever it seems to hold. A sector that does not keep what was written is left.
///
/// RAM: 8 bytes a sector and some 100 a file; mounting sorts 20 bytes a sector.
class FlashLog : public FileLayer {
 public:
  /// A write of up to so many bytes is on the medium as a whole or not at all.
  static constexpr uint32_t kAtomicBytes = 1024;
  static constexpr size_t kMaxNameBytes = 64;

  /// @param flash  at most 65,535 sectors; outlives this.
  explicit FlashLog(FlashDevice& flash) : flash_(flash) {}

  /// Finds the files. Writes nothing, except to format flash that is blank.
  /// @return kCorrupt where the flash holds something else; it is left as it is.
  StorageResult<void> Mount();

  /// Makes an empty folder of flash that Mount() calls corrupt.
  StorageResult<void> Format();

  bool append_only() const override { return true; }
  uint64_t capacity() const override;
  /// A file that is being read or written may be removed: its further calls answer kNotFound.
  StorageResult<std::unique_ptr<File>> Open(std::string_view name, Mode mode) override;
  StorageResult<void> Remove(std::string_view name) override;
  StorageResult<void> List(const std::function<void(std::string_view, uint64_t)>& visit) override;
  StorageResult<uint64_t> FreeBytes() override;

 private:
  friend class FlashLogFile;
  enum class RecordType : uint8_t;

  /// A sector of a file, and how much of the file precedes it.
  struct Extent {
    uint32_t position;
    uint16_t sector;
  };
  struct Stored {
    uint32_t id;
    std::string name;
    std::vector<Extent> extents;
    uint32_t written = 0;  ///< Bytes in data records.
    uint32_t size = 0;     ///< As many, or fewer once the file was shortened.
    uint32_t tail = 0;     ///< Where the next record goes in the last sector; its end where none may follow.
    bool shortened = false;
  };
  /// What a sector's header says.
  struct Found {
    uint32_t file, index, serial, position;
    uint16_t sector;
  };

  bool IsBlank();
  StorageResult<void> FindFiles(std::vector<Found>& found);
  StorageResult<bool> AddFile(std::span<const Found> sectors);
  StorageResult<void> ReadLastSector(Stored& file);
  void ReadRecords(Stored& file, std::span<const uint8_t> sector);
  Stored* Find(uint32_t id);
  Stored* Find(std::string_view name);

  StorageResult<Stored*> Create(std::string_view name);
  StorageResult<void> Append(Stored& file, std::span<const uint8_t> bytes);
  StorageResult<void> Shorten(Stored& file, uint32_t size);
  StorageResult<size_t> ReadAt(const Stored& file, uint64_t position, std::span<uint8_t> bytes);
  StorageResult<size_t> ReadExtent(const Stored& file, size_t index, uint32_t position, std::span<uint8_t> bytes);

  StorageResult<void> AddRecord(Stored& file, RecordType type, std::span<const uint8_t> payload);
  StorageResult<bool> AddToLastSector(Stored& file, RecordType type, std::span<const uint8_t> payload);
  StorageResult<void> AddSector(Stored& file, RecordType type, std::span<const uint8_t> payload);
  StorageResult<bool> Put(uint32_t address, std::span<const uint8_t> bytes);

  FlashDevice& flash_;
  std::vector<Stored> files_;
  std::vector<bool> used_;
  uint32_t free_ = 0;
  uint32_t cursor_ = 1;  ///< The sector to be looked at next for one that is free.
  uint32_t next_file_ = 1;
  uint32_t next_serial_ = 1;
  std::vector<uint8_t> scratch_;
  std::vector<uint8_t> check_;
};

}  // namespace clip_store

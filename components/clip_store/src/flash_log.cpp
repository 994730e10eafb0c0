// SPDX-License-Identifier: Apache-2.0
#include "clip_store/flash_log.h"

#include <algorithm>
#include <tuple>

#include "flash_format.h"

namespace clip_store {

using flash_format::kHeaderBytes;
using flash_format::kRecordHeaderBytes;
using flash_format::RecordHeader;
using flash_format::SectorHeader;

namespace {

constexpr uint32_t kSectorBytes = FlashDevice::kSectorBytes;
constexpr uint32_t kMostPayload = kSectorBytes - kHeaderBytes - kRecordHeaderBytes;
constexpr int kAttempts = 16;  ///< Sectors that are tried for a record before the flash counts as broken.

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

bool AllBlank(std::span<const uint8_t> bytes) {
  return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0xFF; });
}

std::unexpected<StorageError> Gone() { return std::unexpected(StorageError::kGone); }

}  // namespace

enum class FlashLog::RecordType : uint8_t {
  kName = 1,  ///< The file's name, first in its first sector.
  kData = 2,
  kSize = 3,  ///< The file ends here, after so many bytes (uint32): nothing follows.
};

class FlashLogFile : public File {
 public:
  FlashLogFile(FlashLog& log, uint32_t id) : log_(log), id_(id) {}

  StorageResult<void> WriteAt(uint64_t position, std::span<const uint8_t> bytes) override {
    return OnFile([&](FlashLog::Stored& file) -> StorageResult<void> {
      if (position != file.size || file.shortened) return std::unexpected(StorageError::kReadOnly);
      return log_.Append(file, bytes);
    });
  }
  StorageResult<size_t> ReadAt(uint64_t position, std::span<uint8_t> bytes) override {
    return OnFile([&](FlashLog::Stored& file) { return log_.ReadAt(file, position, bytes); });
  }
  StorageResult<uint64_t> Size() override {
    return OnFile([](FlashLog::Stored& file) { return StorageResult<uint64_t>(file.size); });
  }
  StorageResult<void> Truncate(uint64_t size) override {
    return OnFile([&](FlashLog::Stored& file) -> StorageResult<void> {
      if (size == file.size) return {};
      if (size > file.size) return std::unexpected(StorageError::kReadOnly);
      return log_.Shorten(file, static_cast<uint32_t>(size));
    });
  }
  StorageResult<void> Sync() override {
    return OnFile([](FlashLog::Stored&) { return StorageResult<void>(); });
  }

 private:
  template <typename Action>
  auto OnFile(Action action) -> decltype(action(std::declval<FlashLog::Stored&>())) {
    FlashLog::Stored* const file = log_.Find(id_);
    if (file == nullptr) return std::unexpected(StorageError::kNotFound);
    return action(*file);
  }

  FlashLog& log_;
  uint32_t id_;
};

// --- Mounting

StorageResult<void> FlashLog::Mount() {
  files_.clear();
  used_.assign(flash_.sectors(), false);
  used_[0] = true;
  free_ = flash_.sectors() - 1;
  cursor_ = next_file_ = next_serial_ = 1;
  scratch_.reserve(kSectorBytes);
  check_.resize(256);

  std::vector<Found> found;
  for (uint32_t sector = 1; sector < flash_.sectors(); ++sector) {
    const auto header = flash_format::ReadHeader(flash_, sector);
    if (!header) return Gone();
    if (!header->IsValid(SectorHeader::kFileMagic)) continue;
    found.push_back({.file = header->file,
                     .index = header->index,
                     .serial = header->serial,
                     .position = header->position,
                     .sector = static_cast<uint16_t>(sector)});
    next_file_ = std::max(next_file_, header->file + 1);
    if (header->serial < next_serial_) continue;
    next_serial_ = header->serial + 1;
    cursor_ = sector + 1;
  }
  if (found.empty()) {
    const auto format = flash_format::ReadHeader(flash_, 0);
    if (!format) return Gone();
    if (format->IsValid(SectorHeader::kFormatMagic)) return {};
    if (!IsBlank()) return std::unexpected(StorageError::kCorrupt);
    return Format();
  }
  return FindFiles(found);
}

/// Sector 0 does not count: formatting may have been cut short there.
bool FlashLog::IsBlank() {
  scratch_.resize(kSectorBytes);
  for (uint32_t sector = 1; sector < flash_.sectors(); ++sector) {
    if (!flash_.Read(sector * kSectorBytes, scratch_) || !AllBlank(scratch_)) return false;
  }
  return true;
}

StorageResult<void> FlashLog::Format() {
  scratch_.clear();
  flash_format::AddHeader(
      scratch_,
      {.magic = SectorHeader::kFormatMagic, .serial = flash_.sectors(), .file = 0, .index = 0, .position = 0});
  if (!flash_.Erase(0) || !flash_.Program(0, scratch_)) return Gone();
  return {};
}

StorageResult<void> FlashLog::FindFiles(std::vector<Found>& found) {
  std::ranges::sort(found, {}, [](const Found& each) { return std::tuple(each.file, each.index, each.serial); });
  for (auto begin = found.begin(); begin != found.end();) {
    const auto end = std::find_if(begin, found.end(), [&](const Found& each) { return each.file != begin->file; });
    if (const auto added = AddFile({begin, end}); !added) return std::unexpected(added.error());
    begin = end;
  }
  return {};
}

/// @param sectors  of one file, by index; of two with the same index the later counts, the other kept nothing.
/// @return false for what is left of a file that was removed.
StorageResult<bool> FlashLog::AddFile(std::span<const Found> sectors) {
  Stored file{.id = sectors.front().file, .name = {}, .extents = {}};
  for (const Found& each : sectors) {
    if (each.index == file.extents.size()) {
      file.extents.push_back({.position = each.position, .sector = each.sector});
    } else if (each.index + 1 == file.extents.size()) {
      file.extents.back() = {.position = each.position, .sector = each.sector};
    } else {
      break;
    }
  }
  if (file.extents.empty()) return false;
  scratch_.resize(kHeaderBytes + kRecordHeaderBytes + kMaxNameBytes);
  if (!flash_.Read(file.extents.front().sector * kSectorBytes, scratch_)) return Gone();
  const auto name = flash_format::ReadRecord(scratch_, kHeaderBytes);
  if (!name || name->type != static_cast<uint8_t>(RecordType::kName)) return false;
  file.name.assign(name->payload.begin(), name->payload.end());
  if (auto read = ReadLastSector(file); !read) return std::unexpected(read.error());
  for (const Extent& extent : file.extents) used_[extent.sector] = true;
  free_ -= static_cast<uint32_t>(file.extents.size());
  files_.push_back(std::move(file));
  return true;
}

/// The length of all sectors but the last is told by the next one's header.
StorageResult<void> FlashLog::ReadLastSector(Stored& file) {
  scratch_.resize(kSectorBytes);
  if (!flash_.Read(file.extents.back().sector * kSectorBytes, scratch_)) return Gone();
  file.written = file.extents.back().position;
  file.tail = kHeaderBytes;
  ReadRecords(file, scratch_);
  return {};
}

void FlashLog::ReadRecords(Stored& file, std::span<const uint8_t> sector) {
  while (const auto record = flash_format::ReadRecord(sector, file.tail)) {
    file.tail = record->end;
    if (record->type == static_cast<uint8_t>(RecordType::kData)) {
      file.written += static_cast<uint32_t>(record->payload.size());
    } else if (record->type == static_cast<uint8_t>(RecordType::kSize) && record->payload.size() == sizeof file.size) {
      std::memcpy(&file.size, record->payload.data(), sizeof file.size);
      file.shortened = true;
    }
  }
  if (!file.shortened) file.size = file.written;
  // What a cut write left cannot be written over.
  if (!AllBlank(sector.subspan(file.tail))) file.tail = kSectorBytes;
}

// --- The folder

uint64_t FlashLog::capacity() const { return uint64_t{flash_.sectors() - 1} * kMostPayload; }

StorageResult<uint64_t> FlashLog::FreeBytes() { return uint64_t{free_} * kMostPayload; }

FlashLog::Stored* FlashLog::Find(uint32_t id) {
  const auto file = std::ranges::find(files_, id, &Stored::id);
  return file == files_.end() ? nullptr : &*file;
}

FlashLog::Stored* FlashLog::Find(std::string_view name) {
  const auto file = std::ranges::find(files_, name, &Stored::name);
  return file == files_.end() ? nullptr : &*file;
}

StorageResult<std::unique_ptr<File>> FlashLog::Open(std::string_view name, Mode mode) {
  if (mode == Mode::kCreate) {
    const auto created = Create(name);
    if (!created) return std::unexpected(created.error());
    return std::make_unique<FlashLogFile>(*this, (*created)->id);
  }
  const Stored* const file = Find(name);
  if (file == nullptr) return std::unexpected(StorageError::kNotFound);
  return std::make_unique<FlashLogFile>(*this, file->id);
}

StorageResult<FlashLog::Stored*> FlashLog::Create(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes) return std::unexpected(StorageError::kReadOnly);
  if (free_ == 0) return std::unexpected(StorageError::kNoSpace);
  if (auto removed = Remove(name); !removed && removed.error() != StorageError::kNotFound)
    return std::unexpected(removed.error());
  Stored file{.id = next_file_++, .name = std::string(name), .extents = {}};
  if (auto added = AddSector(file, RecordType::kName, Bytes(name)); !added) return std::unexpected(added.error());
  files_.push_back(std::move(file));
  return &files_.back();
}

StorageResult<void> FlashLog::Remove(std::string_view name) {
  Stored* const file = Find(name);
  if (file == nullptr) return std::unexpected(StorageError::kNotFound);
  scratch_.assign(kHeaderBytes, 0);
  if (!flash_.Program(file->extents.front().sector * kSectorBytes, scratch_)) return Gone();
  for (const Extent& extent : file->extents) used_[extent.sector] = false;
  free_ += static_cast<uint32_t>(file->extents.size());
  files_.erase(files_.begin() + (file - files_.data()));
  return {};
}

StorageResult<void> FlashLog::List(const std::function<void(std::string_view, uint64_t)>& visit) {
  for (const Stored& file : files_) visit(file.name, file.size);
  return {};
}

// --- Writing

StorageResult<void> FlashLog::Append(Stored& file, std::span<const uint8_t> bytes) {
  const auto room = [&]() -> uint32_t {
    return file.tail + kRecordHeaderBytes < kSectorBytes ? kSectorBytes - file.tail - kRecordHeaderBytes : 0;
  };
  if (bytes.size() > room() + uint64_t{free_} * kMostPayload) return std::unexpected(StorageError::kNoSpace);
  while (!bytes.empty()) {
    const bool fits = bytes.size() <= room() || (bytes.size() > kAtomicBytes && room() > 0);
    const auto piece = bytes.first(std::min<size_t>(bytes.size(), fits ? room() : kMostPayload));
    if (auto added = AddRecord(file, RecordType::kData, piece); !added) return added;
    file.written += static_cast<uint32_t>(piece.size());
    file.size = file.written;
    bytes = bytes.subspan(piece.size());
  }
  return {};
}

StorageResult<void> FlashLog::Shorten(Stored& file, uint32_t size) {
  const std::span payload(reinterpret_cast<const uint8_t*>(&size), sizeof size);
  if (auto added = AddRecord(file, RecordType::kSize, payload); !added) return added;
  file.size = size;
  file.shortened = true;
  return {};
}

StorageResult<void> FlashLog::AddRecord(Stored& file, RecordType type, std::span<const uint8_t> payload) {
  const auto added = AddToLastSector(file, type, payload);
  if (!added) return std::unexpected(added.error());
  return *added ? StorageResult<void>() : AddSector(file, type, payload);
}

/// @return false where there is no room, or the sector did not keep it.
StorageResult<bool> FlashLog::AddToLastSector(Stored& file, RecordType type, std::span<const uint8_t> payload) {
  scratch_.clear();
  flash_format::AddRecord(scratch_, static_cast<uint8_t>(type), payload);
  if (file.tail + scratch_.size() > kSectorBytes) return false;
  const auto kept = Put(file.extents.back().sector * kSectorBytes + file.tail, scratch_);
  file.tail = kept && *kept ? file.tail + static_cast<uint32_t>(scratch_.size()) : kSectorBytes;
  return kept;
}

StorageResult<void> FlashLog::AddSector(Stored& file, RecordType type, std::span<const uint8_t> payload) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (free_ == 0) return std::unexpected(StorageError::kNoSpace);
    while (cursor_ >= flash_.sectors() || used_[cursor_]) cursor_ = cursor_ + 1 < flash_.sectors() ? cursor_ + 1 : 1;
    const uint32_t sector = cursor_++;
    used_[sector] = true;  // and stays so if it keeps nothing
    --free_;
    scratch_.clear();
    flash_format::AddHeader(scratch_, {.magic = SectorHeader::kFileMagic,
                                       .serial = next_serial_++,
                                       .file = file.id,
                                       .index = static_cast<uint32_t>(file.extents.size()),
                                       .position = file.written});
    flash_format::AddRecord(scratch_, static_cast<uint8_t>(type), payload);
    if (!flash_.Erase(sector)) return Gone();
    const auto kept = Put(sector * kSectorBytes, scratch_);
    if (!kept) return std::unexpected(kept.error());
    if (!*kept) continue;
    file.extents.push_back({.position = file.written, .sector = static_cast<uint16_t>(sector)});
    file.tail = static_cast<uint32_t>(scratch_.size());
    return {};
  }
  return Gone();
}

/// @return whether what was programmed can be read.
StorageResult<bool> FlashLog::Put(uint32_t address, std::span<const uint8_t> bytes) {
  if (!flash_.Program(address, bytes)) return Gone();
  while (!bytes.empty()) {
    const std::span read = std::span(check_).first(std::min(bytes.size(), check_.size()));
    if (!flash_.Read(address, read)) return Gone();
    if (!std::ranges::equal(read, bytes.first(read.size()))) return false;
    address += static_cast<uint32_t>(read.size());
    bytes = bytes.subspan(read.size());
  }
  return true;
}

// --- Reading

StorageResult<size_t> FlashLog::ReadAt(const Stored& file, uint64_t position, std::span<uint8_t> bytes) {
  if (position >= file.size) return size_t{0};
  bytes = bytes.first(std::min<size_t>(bytes.size(), file.size - static_cast<size_t>(position)));
  size_t done = 0;
  while (done < bytes.size()) {
    const auto at = static_cast<uint32_t>(position + done);
    const auto next = std::ranges::upper_bound(file.extents, at, {}, &Extent::position);
    const auto index = static_cast<size_t>(next - file.extents.begin()) - 1;
    const uint32_t end = next == file.extents.end() ? file.written : next->position;
    const auto part = bytes.subspan(done, std::min<size_t>(bytes.size() - done, end - at));
    const auto read = ReadExtent(file, index, at, part);
    if (!read) return read;
    done += *read;
  }
  return done;
}

/// Reads bytes that all lie in one sector.
StorageResult<size_t> FlashLog::ReadExtent(const Stored& file, size_t index, uint32_t position,
                                           std::span<uint8_t> bytes) {
  const uint32_t base = file.extents[index].sector * kSectorBytes;
  uint32_t begin = file.extents[index].position;  // of the record's payload in the file
  size_t done = 0;
  for (uint32_t at = kHeaderBytes; done < bytes.size();) {
    RecordHeader header;
    if (at + sizeof header > kSectorBytes) return std::unexpected(StorageError::kCorrupt);
    if (!flash_.Read(base + at, {reinterpret_cast<uint8_t*>(&header), sizeof header})) return Gone();
    if (!header.IsSane()) return std::unexpected(StorageError::kCorrupt);
    if (header.type == static_cast<uint8_t>(RecordType::kData)) {
      const uint32_t wanted = position + static_cast<uint32_t>(done);
      if (wanted < begin + header.length) {
        const auto part = bytes.subspan(done, std::min<size_t>(bytes.size() - done, begin + header.length - wanted));
        if (!flash_.Read(base + at + kRecordHeaderBytes + (wanted - begin), part)) return Gone();
        done += part.size();
      }
      begin += header.length;
    }
    at += kRecordHeaderBytes + flash_format::Padded(header.length);
  }
  return done;
}

}  // namespace clip_store

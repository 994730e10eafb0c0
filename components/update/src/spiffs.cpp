// SPDX-License-Identifier: Apache-2.0
#include "spiffs.h"

#include <algorithm>
#include <array>

#include "little_endian.h"

namespace update {
namespace {

// tools/yamnet_tools/spiffs/geometry.py has the same numbers, with their sources.
constexpr uint32_t kMagic = 0x20140529;
constexpr uint32_t kMagicAt = Spiffs::kPageBytes - 4;
constexpr uint32_t kPageHeaderBytes = 5;
constexpr uint32_t kIndexHeaderBytes = 8;
constexpr uint32_t kSizeAndTypeBytes = 5;
constexpr uint32_t kNameBytes = 32;
constexpr uint32_t kMetadataBytes = 4;
constexpr uint32_t kTableAt = kIndexHeaderBytes + kSizeAndTypeBytes + kNameBytes + kMetadataBytes;
constexpr uint32_t kHeadCapacity = (Spiffs::kPageBytes - kTableAt) / 2;
constexpr uint32_t kIndexCapacity = (Spiffs::kPageBytes - kIndexHeaderBytes) / 2;
constexpr uint32_t kDataBytes = Spiffs::kPageBytes - kPageHeaderBytes;
constexpr uint16_t kIndexFlag = 0x8000;
constexpr uint16_t kFree = 0xFFFF;
constexpr uint16_t kDeleted = 0;
constexpr uint8_t kTypeFile = 1;
constexpr uint32_t kUndefinedSize = 0xFFFFFFFF;

// A page's flags: a 0 says yes.
constexpr uint8_t kUsed = 1, kFinal = 2, kIndex = 4, kPageDeleted = 0x80, kHeaderDeleted = 0x40;
constexpr uint8_t kStates = kUsed | kFinal | kIndex | kPageDeleted;

uint32_t DataPages(uint32_t size) { return (size + kDataBytes - 1) / kDataBytes; }

std::string At(uint32_t page) { return "the page at byte " + std::to_string(page * Spiffs::kPageBytes); }

}  // namespace

bool Spiffs::HasMagic(std::span<const uint8_t> block, uint32_t index, uint32_t blocks) {
  return Word16(block, kMagicAt) == ((kMagic ^ kPageBytes ^ (blocks - index)) & 0xFFFF);
}

bool Spiffs::ReadBlockTable(uint32_t block) {
  block_table_.resize(kPageBytes);
  return flash_.Read(block * clip_store::FlashDevice::kSectorBytes, block_table_);
}

std::optional<Spiffs::File> Spiffs::ReadHeader(uint16_t page, uint16_t id) {
  std::array<uint8_t, kTableAt> header;
  if (!flash_.Read(page * kPageBytes, header)) return std::nullopt;
  const bool sound = Word16(header, 0) == (id | kIndexFlag) && Word16(header, 2) == 0 &&
                     (header[4] & (kUsed | kIndex | kPageDeleted)) == kPageDeleted && (header[4] & kHeaderDeleted) != 0;
  if (!sound) return std::nullopt;
  const uint32_t size = Word32(header, kIndexHeaderBytes);
  const std::string name = FieldText(std::span(header).subspan(kIndexHeaderBytes + kSizeAndTypeBytes, kNameBytes));
  if (header[kIndexHeaderBytes + 4] != kTypeFile || !name.starts_with('/') || name.size() < 2) return std::nullopt;
  return File{name.substr(1), size == kUndefinedSize ? 0 : size, id, page};
}

std::optional<Spiffs::File> Spiffs::Find(std::string_view name) {
  for (uint32_t block = 0; block < blocks_; ++block) {
    if (!ReadBlockTable(block) || !HasMagic(block_table_, block, blocks_)) return std::nullopt;
    for (uint32_t entry = 0; entry + 1 < kPagesPerBlock; ++entry) {
      const uint16_t listed = Word16(block_table_, 2 * entry);
      if (listed == kFree || listed == kDeleted || (listed & kIndexFlag) == 0) continue;
      const auto page = static_cast<uint16_t>(block * kPagesPerBlock + 1 + entry);
      if (auto file = ReadHeader(page, listed & ~kIndexFlag); file && file->name == name) return file;
    }
  }
  return std::nullopt;
}

Result<void> Spiffs::Scan() {
  for (uint32_t block = 0; block < blocks_; ++block) {
    if (!ReadBlockTable(block)) return Failed("model: the slot cannot be read");
    if (!HasMagic(block_table_, block, blocks_)) {
      return Wrong("model: damaged: block " + std::to_string(block) + " of " + std::to_string(blocks_) +
                   " is without the magic of a SPIFFS image of this size");
    }
    for (uint32_t entry = 0; entry + 1 < kPagesPerBlock; ++entry) {
      const uint16_t listed = Word16(block_table_, 2 * entry);
      if (listed == kFree || listed == kDeleted) continue;
      const auto page = static_cast<uint16_t>(block * kPagesPerBlock + 1 + entry);
      if (auto taken = TakePage(page, listed); !taken) return taken;
    }
  }
  return {};
}

Result<void> Spiffs::TakePage(uint16_t page, uint16_t listed) {
  std::array<uint8_t, kPageHeaderBytes> header;
  if (!flash_.Read(page * kPageBytes, header)) return Failed("model: the slot cannot be read");
  const bool index = (listed & kIndexFlag) != 0;
  const uint16_t id = listed & ~kIndexFlag, span = Word16(header, 2);
  const uint8_t sound = index ? kPageDeleted : kPageDeleted | kIndex;
  if (Word16(header, 0) != listed || (header[4] & kStates) != sound) {
    return Wrong("model: damaged: " + At(page) + " is not what its block's table says");
  }
  if (!index) {
    ++data_pages_;
    return {};
  }
  index_pages_.push_back({id, span, page});
  if (span != 0) return {};
  auto file = ReadHeader(page, id);
  if (!file) return Wrong("model: damaged: " + At(page) + " is no file's first");
  if (std::ranges::find(files_, file->name, &File::name) != files_.end()) {
    return Wrong("model: damaged: two files have the name " + file->name);
  }
  files_.push_back(*std::move(file));
  return {};
}

Result<void> Spiffs::CheckNothingIsLeft() const {
  uint32_t data = 0, index = 0;
  for (const File& file : files_) {
    const uint32_t pages = DataPages(file.size);
    data += pages;
    index += 1 + (pages > kHeadCapacity ? (pages - kHeadCapacity + kIndexCapacity - 1) / kIndexCapacity : 0);
  }
  if (data == data_pages_ && index == index_pages_.size()) return {};
  return Wrong("model: damaged: it has " + std::to_string(data_pages_ + index_pages_.size()) +
               " pages, its files need " + std::to_string(data + index));
}

uint16_t Spiffs::FindIndexPage(uint16_t id, uint32_t span) const {
  const auto found =
      std::ranges::find_if(index_pages_, [&](const IndexPage& page) { return page.id == id && page.span == span; });
  return found == index_pages_.end() ? kFree : found->page;
}

/// @return false when flash cannot be read; a page that is not listed is kFree.
bool Spiffs::ReadTableEntry(const File& file, uint32_t span, uint16_t& page) {
  uint32_t table = file.header_page, at = kTableAt + 2 * span;
  if (span >= kHeadCapacity) {
    table = FindIndexPage(file.id, 1 + (span - kHeadCapacity) / kIndexCapacity);
    at = kIndexHeaderBytes + 2 * ((span - kHeadCapacity) % kIndexCapacity);
  }
  page = kFree;
  if (table == kFree) return true;
  std::array<uint8_t, 2> entry;
  if (!flash_.Read(table * kPageBytes + at, entry)) return false;
  page = Word16(entry, 0);
  return true;
}

Result<void> Spiffs::Read(const File& file, const Sink& sink) {
  std::array<uint8_t, kPageBytes> content;
  for (uint32_t span = 0, left = file.size; left > 0; ++span) {
    uint16_t page;
    if (!ReadTableEntry(file, span, page)) return Failed("model: the slot cannot be read");
    const bool exists = page < blocks_ * kPagesPerBlock && page % kPagesPerBlock != 0;
    if (exists && !flash_.Read(page * kPageBytes, content)) return Failed("model: the slot cannot be read");
    if (!exists || Word16(content, 0) != file.id || Word16(content, 2) != span ||
        (content[4] & kStates) != (kPageDeleted | kIndex)) {
      return Wrong("model: " + file.name + " is damaged: not all of its " + std::to_string(file.size) +
                   " bytes are there");
    }
    const uint32_t bytes = std::min(left, kDataBytes);
    sink(std::span(content).subspan(kPageHeaderBytes, bytes));
    left -= bytes;
  }
  return {};
}

Result<std::string> Spiffs::ReadAll(const File& file, size_t most) {
  if (file.size > most) return Wrong("model: " + file.name + " is larger than it can be");
  std::string content;
  content.reserve(file.size);
  const auto read = Read(file, [&](std::span<const uint8_t> part) {
    content.append(reinterpret_cast<const char*>(part.data()), part.size());
  });
  if (!read) return std::unexpected(read.error());
  return content;
}

}  // namespace update

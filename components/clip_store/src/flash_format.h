// SPDX-License-Identifier: Apache-2.0
// What FlashLog writes (docs/storage.md). Numbers are little-endian.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "base/crc32.h"
#include "clip_store/flash_device.h"

namespace clip_store::flash_format {

static_assert(std::endian::native == std::endian::little, "numbers go to flash as they lie in memory");

inline constexpr uint32_t kVersion = 1;
inline constexpr uint32_t kHeaderBytes = 32;
inline constexpr uint32_t kRecordHeaderBytes = 8;
inline constexpr uint32_t kAlignment = 4;
inline constexpr uint32_t kBlankWord = 0xFFFFFFFF;

/// The first bytes of a sector in use. Sector 0 has one of its own kind, which says that the flash is formatted.
struct SectorHeader {
  static constexpr uint32_t kFileMagic = 0x31474C46;    // "FLG1"
  static constexpr uint32_t kFormatMagic = 0x31464C46;  // "FLF1"

  uint32_t magic;
  uint32_t version = kVersion;
  uint32_t serial;    ///< Counts the sectors that were ever begun; of the format: how many sectors there are.
  uint32_t file;      ///< Number of the file, never used again.
  uint32_t index;     ///< Of this sector in its file.
  uint32_t position;  ///< Bytes of the file in the sectors before.
  uint32_t reserved = kBlankWord;
  uint32_t crc = 0;  ///< CRC-32 of what precedes.

  uint32_t Crc() const { return base::Crc32({reinterpret_cast<const uint8_t*>(this), offsetof(SectorHeader, crc)}); }
  bool IsValid(uint32_t wanted) const { return magic == wanted && version == kVersion && crc == Crc(); }
};
static_assert(sizeof(SectorHeader) == kHeaderBytes);

inline std::optional<SectorHeader> ReadHeader(FlashDevice& flash, uint32_t sector) {
  SectorHeader header;
  if (!flash.Read(sector * FlashDevice::kSectorBytes, {reinterpret_cast<uint8_t*>(&header), sizeof header}))
    return std::nullopt;
  return header;
}

inline void AddHeader(std::vector<uint8_t>& bytes, SectorHeader header) {
  header.crc = header.Crc();
  const auto* const begin = reinterpret_cast<const uint8_t*>(&header);
  bytes.insert(bytes.end(), begin, begin + sizeof header);
}

/// What precedes each record's payload; the payload is padded to kAlignment with 0xff.
struct RecordHeader {
  uint32_t crc;  ///< CRC-32 of what follows, payload included, padding not.
  uint16_t length;
  uint8_t type;
  uint8_t check;  ///< Of length and type, for those who do not read the payload.

  bool IsSane() const { return check == CheckOf(length, type); }
  static uint8_t CheckOf(uint16_t length, uint8_t type) {
    return static_cast<uint8_t>(0xA5 ^ length ^ length >> 8 ^ type);
  }
};
static_assert(sizeof(RecordHeader) == kRecordHeaderBytes);

constexpr uint32_t Padded(uint32_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

inline void AddRecord(std::vector<uint8_t>& bytes, uint8_t type, std::span<const uint8_t> payload) {
  const size_t begin = bytes.size();
  const auto length = static_cast<uint16_t>(payload.size());
  RecordHeader header{.crc = 0, .length = length, .type = type, .check = RecordHeader::CheckOf(length, type)};
  bytes.resize(begin + kRecordHeaderBytes);
  std::memcpy(&bytes[begin], &header, sizeof header);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  header.crc = base::Crc32(std::span<const uint8_t>(bytes).subspan(begin + sizeof header.crc));
  std::memcpy(&bytes[begin], &header, sizeof header);
  bytes.resize(begin + kRecordHeaderBytes + Padded(length), 0xFF);
}

struct Record {
  uint8_t type;
  std::span<const uint8_t> payload;
  uint32_t end;  ///< Where the next one begins.
};

/// The whole record at `at` of a sector.
inline std::optional<Record> ReadRecord(std::span<const uint8_t> sector, uint32_t at) {
  if (at + kRecordHeaderBytes > sector.size()) return std::nullopt;
  RecordHeader header;
  std::memcpy(&header, &sector[at], sizeof header);
  const uint32_t end = at + kRecordHeaderBytes + Padded(header.length);
  if (!header.IsSane() || end > sector.size()) return std::nullopt;
  const auto checked = sector.subspan(at + sizeof header.crc, kRecordHeaderBytes - sizeof header.crc + header.length);
  if (header.crc != base::Crc32(checked)) return std::nullopt;
  return Record{.type = header.type, .payload = sector.subspan(at + kRecordHeaderBytes, header.length), .end = end};
}

}  // namespace clip_store::flash_format

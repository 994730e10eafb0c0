// SPDX-License-Identifier: Apache-2.0
#include "update/firmware_image.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/hex.h"
#include "little_endian.h"

namespace update {
namespace {

constexpr uint8_t kMagic = 0xE9;
constexpr uint16_t kEsp32S3 = 9;
constexpr int kMostSegments = 16;
constexpr uint32_t kDescriptionMagic = 0xABCD5432;
constexpr size_t kAlignment = 16;  // of the image without its hash, whose last byte is the checksum

std::string ChipName(uint16_t id) {
  switch (id) {
    case 0:
      return "an ESP32";
    case 2:
      return "an ESP32-S2";
    case 5:
      return "an ESP32-C3";
    case 12:
      return "an ESP32-C2";
    case 13:
      return "an ESP32-C6";
    case 16:
      return "an ESP32-H2";
    case 18:
      return "an ESP32-P4";
    default:
      return "chip " + std::to_string(id);
  }
}

Result<void> CheckHeader(std::span<const uint8_t> header) {
  if (header[0] != kMagic) {
    return Wrong("firmware: it does not begin as an app image does (0xe9); build/yamnet-esp32s3.bin is one");
  }
  if (const uint16_t chip = Word16(header, 12); chip != kEsp32S3) {
    return Wrong("firmware: it is for " + ChipName(chip) + ", this device is an ESP32-S3");
  }
  if (header[1] < 1 || header[1] > kMostSegments) {
    return Wrong("firmware: damaged: it has " + std::to_string(header[1]) + " segments");
  }
  if (header[23] != 1) return Wrong("firmware: it has no SHA-256 at its end (esptool elf2image --dont-append-digest?)");
  return {};
}

Result<FirmwareInfo> ParseDescription(std::span<const uint8_t> description) {
  if (Word32(description, 0) != kDescriptionMagic) {
    return Wrong("firmware: it has no description where an app has it; a bootloader has none");
  }
  FirmwareInfo info{.project = FieldText(description.subspan(48, 32)),
                    .version = FieldText(description.subspan(16, 32)),
                    .sha256 = "",
                    .bytes = 0};
  if (info.project == kProject) return info;
  return Wrong("firmware: it is project '" + info.project + "', this device runs '" + std::string(kProject) + "'");
}

uint32_t PaddingAfter(uint32_t at) { return kAlignment - at % kAlignment; }

}  // namespace

Result<void> FirmwareCheck::Take(std::span<const uint8_t> piece) {
  while (!piece.empty()) {
    if (left_ == 0) return Wrong("firmware: bytes follow its end");
    const auto part = piece.first(std::min<size_t>(left_, piece.size()));
    if (part_ != Part::kHash) hash_.Update(part);
    const auto room = std::span(start_).subspan(std::min<size_t>(started_, start_.size()));
    const size_t copied = std::min(room.size(), part.size());
    std::copy_n(part.begin(), copied, room.begin());
    started_ += static_cast<uint32_t>(copied);
    left_ -= static_cast<uint32_t>(part.size());
    at_ += static_cast<uint32_t>(part.size());
    if (auto taken = TakePart(part); !taken) return taken;
    piece = piece.subspan(part.size());
  }
  return {};
}

Result<void> FirmwareCheck::TakePart(std::span<const uint8_t> piece) {
  switch (part_) {
    case Part::kHeader:
      return left_ == 0 ? TakeHeader() : Result<void>();
    case Part::kSegmentHeader:
      return left_ == 0 ? TakeSegmentHeader() : Result<void>();
    case Part::kData:
      for (const uint8_t byte : piece) checksum_ ^= byte;
      if (!described_ && started_ >= kDescriptionBytes) {
        if (auto described = TakeDescription(); !described) return described;
      }
      return left_ == 0 ? EndSegment() : Result<void>();
    case Part::kPadding:
      last_padding_ = piece.back();
      if (left_ != 0) return {};
      if (last_padding_ != checksum_) return Wrong("firmware: damaged: its checksum does not fit its bytes");
      part_ = Part::kHash;
      left_ = kHashBytes;
      started_ = 0;
      return {};
    case Part::kHash:
      return {};
  }
  return {};
}

Result<void> FirmwareCheck::TakeHeader() {
  if (auto checked = CheckHeader(start_); !checked) return checked;
  segments_left_ = start_[1];
  part_ = Part::kSegmentHeader;
  left_ = kSegmentHeaderBytes;
  started_ = 0;
  return {};
}

Result<void> FirmwareCheck::TakeSegmentHeader() {
  const uint32_t length = Word32(start_, 4);
  if (length > bytes_ - std::min(bytes_, at_))
    return Wrong("firmware: cut off or damaged: a segment reaches over its end");
  if (!described_ && length < kDescriptionBytes)
    return Wrong("firmware: its first segment has no room for a description");
  --segments_left_;
  part_ = Part::kData;
  left_ = length;
  started_ = 0;
  return length == 0 ? EndSegment() : Result<void>();
}

Result<void> FirmwareCheck::TakeDescription() {
  auto info = ParseDescription(start_);
  if (!info) return std::unexpected(info.error());
  info_ = *std::move(info);
  described_ = true;
  return {};
}

Result<void> FirmwareCheck::EndSegment() {
  const bool last = segments_left_ == 0;
  part_ = last ? Part::kPadding : Part::kSegmentHeader;
  left_ = last ? PaddingAfter(at_) : kSegmentHeaderBytes;
  started_ = 0;
  return {};
}

Result<FirmwareInfo> FirmwareCheck::Finish() {
  if (part_ != Part::kHash || left_ != 0) {
    return Wrong("firmware: cut off: it ends after " + std::to_string(at_) + " bytes");
  }
  info_.sha256 = base::HexText(std::span(start_).first(kHashBytes));
  if (hash_.Finish() != info_.sha256) return Wrong("firmware: damaged: its bytes do not have the SHA-256 at its end");
  info_.bytes = at_;
  return info_;
}

Result<FirmwareInfo> ReadFirmware(clip_store::FlashDevice& slot) {
  constexpr size_t kHeaderBytes = 24, kSegmentHeaderBytes = 8, kDescriptionBytes = 256, kHashBytes = 32;
  const uint32_t room = slot.sectors() * clip_store::FlashDevice::kSectorBytes;
  std::array<uint8_t, kHeaderBytes + kSegmentHeaderBytes + kDescriptionBytes> start;
  if (!slot.Read(0, start)) return Failed("firmware: the slot cannot be read");
  if (auto checked = CheckHeader(start); !checked) return std::unexpected(checked.error());
  auto info = ParseDescription(std::span(start).subspan(kHeaderBytes + kSegmentHeaderBytes));
  if (!info) return info;
  uint32_t at = kHeaderBytes;
  std::array<uint8_t, kSegmentHeaderBytes> segment;
  for (int left = start[1]; left > 0; --left) {
    if (!slot.Read(at, segment)) return Failed("firmware: the slot cannot be read");
    at += kSegmentHeaderBytes;
    const uint32_t length = Word32(segment, 4);
    if (uint64_t{at} + length + kAlignment + kHashBytes + kSegmentHeaderBytes > room) {
      return Wrong("firmware: damaged: a segment reaches over its slot");
    }
    at += length;
  }
  at += PaddingAfter(at);
  std::array<uint8_t, kHashBytes> hash;
  if (!slot.Read(at, hash)) return Failed("firmware: the slot cannot be read");
  info->sha256 = base::HexText(hash);
  info->bytes = at + kHashBytes;
  return info;
}

bool IsOlder(std::string_view version, std::string_view than) {
  const auto next = [](std::string_view& text) -> std::optional<uint32_t> {
    while (text.starts_with('v') || text.starts_with('.')) text.remove_prefix(1);
    uint32_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(read.ptr - text.data()));
    return number;
  };
  for (;;) {
    const auto a = next(version), b = next(than);
    if (a != b) return a.value_or(0) < b.value_or(0);
    if (!a) return false;
  }
}

}  // namespace update

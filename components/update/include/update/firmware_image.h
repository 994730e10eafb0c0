// SPDX-License-Identifier: Apache-2.0
// App images as esptool makes them and the bootloader reads them: ESP-IDF's esp_app_format.h and esp_image_format.h.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/sha256.h"
#include "clip_store/flash_device.h"
#include "update/error.h"

namespace update {

inline constexpr std::string_view kProject = "yamnet-esp32s3";

struct FirmwareInfo {
  std::string project;
  std::string version;
  std::string sha256;  ///< Of the image; the one at its end.
  uint32_t bytes;
};

/// Checks an app image that comes in pieces: magic, chip, segments, project, checksum and SHA-256. Whatever is wrong is
/// refused as soon as it is seen.
class FirmwareCheck {
 public:
  /// @param bytes  of the whole image.
  explicit FirmwareCheck(uint32_t bytes) : bytes_(bytes) {}

  Result<void> Take(std::span<const uint8_t> piece);
  /// To be called when all bytes have come.
  Result<FirmwareInfo> Finish();

 private:
  enum class Part { kHeader, kSegmentHeader, kData, kPadding, kHash };
  static constexpr size_t kHeaderBytes = 24;
  static constexpr size_t kSegmentHeaderBytes = 8;
  static constexpr size_t kDescriptionBytes = 256;
  static constexpr size_t kHashBytes = 32;

  Result<void> TakeHeader();
  Result<void> TakeSegmentHeader();
  Result<void> TakeDescription();
  Result<void> EndSegment();
  Result<void> TakePart(std::span<const uint8_t> piece);

  uint32_t bytes_;
  uint32_t at_ = 0;
  Part part_ = Part::kHeader;
  uint32_t left_ = kHeaderBytes;                  ///< Of this part.
  std::array<uint8_t, kDescriptionBytes> start_;  ///< Of this part.
  uint32_t started_ = 0;                          ///< Bytes of it in start_.
  int segments_left_ = 0;
  bool described_ = false;
  uint8_t checksum_ = 0xEF;
  uint8_t last_padding_ = 0;
  base::Sha256 hash_;
  FirmwareInfo info_;
};

/// What an app slot holds, by its headers alone: whether its bytes are whole the bootloader looks at before it runs it.
/// @return kWrong when that is no app of this project.
Result<FirmwareInfo> ReadFirmware(clip_store::FlashDevice& slot);

/// Whether a version is older than another, by the numbers that both begin with ("1.2.10" is not older than "1.2.9").
bool IsOlder(std::string_view version, std::string_view than);

}  // namespace update

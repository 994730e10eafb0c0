// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clip_store/flash_device.h"
#include "update/error.h"

namespace update {

/// Reads a SPIFFS image of ESP-IDF's default geometry (docs/model-partition.md) without mounting it: SPIFFS's own code
/// repairs what it mounts, and this must change nothing.
class Spiffs {
 public:
  struct File {
    std::string name;  ///< Without the '/' before it.
    uint32_t size;
    uint16_t id;
    uint16_t header_page;
  };
  using Sink = std::function<void(std::span<const uint8_t>)>;

  static constexpr uint32_t kPageBytes = 256;
  static constexpr uint32_t kPagesPerBlock = clip_store::FlashDevice::kSectorBytes / kPageBytes;

  explicit Spiffs(clip_store::FlashDevice& flash) : flash_(flash), blocks_(flash.sectors()) {}

  /// Whether a block has the magic of an image of this size.
  static bool HasMagic(std::span<const uint8_t> block, uint32_t index, uint32_t blocks);

  /// The first file of a name, found without looking at the rest.
  std::optional<File> Find(std::string_view name);

  /// Reads what lies where, and checks that each page is what its block's table says.
  Result<void> Scan();
  const std::vector<File>& files() const { return files_; }  ///< After Scan().
  /// After Scan(): the pages that files() do not have are too many.
  Result<void> CheckNothingIsLeft() const;

  /// Gives a file's content to `sink`, in order. After Find() only for one whose first page lists all of it.
  Result<void> Read(const File& file, const Sink& sink);
  /// @return all of it; kWrong when it is larger than `most`.
  Result<std::string> ReadAll(const File& file, size_t most);

 private:
  bool ReadBlockTable(uint32_t block);
  std::optional<File> ReadHeader(uint16_t page, uint16_t id);
  bool ReadTableEntry(const File& file, uint32_t span, uint16_t& page);
  uint16_t FindIndexPage(uint16_t id, uint32_t span) const;
  Result<void> TakePage(uint16_t page, uint16_t listed);

  clip_store::FlashDevice& flash_;
  uint32_t blocks_;
  std::vector<uint8_t> block_table_;
  std::vector<File> files_;
  /// Of files with more than one index page: (id, span, page).
  struct IndexPage {
    uint16_t id, span, page;
  };
  std::vector<IndexPage> index_pages_;
  uint32_t data_pages_ = 0;
};

}  // namespace update

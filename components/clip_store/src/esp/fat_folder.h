// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "clip_store/posix_file_layer.h"
#include "ff.h"
#include "sd_protocol_types.h"

namespace clip_store::esp {

/// The folder "events" on a FAT file system.
class FatFolder : public PosixFileLayer {
 public:
  /// @param base  where the file system is mounted.
  explicit FatFolder(const char* base);

  /// To be told once the card is mounted.
  void SetCard(const sdmmc_card_t* card);

  /// Asks FatFs itself, which tells the sizes with the names: stat() would look through the folder for each file.
  StorageResult<void> List(const std::function<void(std::string_view, uint64_t)>& visit) override;

 private:
  BYTE drive_ = 0;  ///< FatFs's number of the mounted file system.
};

}  // namespace clip_store::esp

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "clip_store/posix_file_layer.h"

namespace clip_store {

/// A folder of a computer's own file system; not on the chip.
class FolderVolume final : public Volume {
 public:
  /// @param path  made when it is not there; empty: never mounted.
  explicit FolderVolume(std::string path);

  std::string_view name() const override { return "folder"; }
  StorageResult<FileLayer*> Mount() override;
  void Unmount() override {}
  bool Alive() override;

 private:
  std::string path_;
  PosixFileLayer files_;
};

}  // namespace clip_store

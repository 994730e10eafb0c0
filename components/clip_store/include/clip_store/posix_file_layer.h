// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "clip_store/storage.h"

namespace clip_store {

/// A folder behind the POSIX calls that a PC and ESP-IDF's virtual file system both have.
class PosixFileLayer : public FileLayer {
 public:
  /// @param folder      without a slash at its end; made when it is not there.
  /// @param free_bytes  what the medium has left: ESP-IDF and a PC ask for it differently.
  PosixFileLayer(std::string folder, std::function<StorageResult<uint64_t>()> free_bytes)
      : folder_(std::move(folder)), free_bytes_(std::move(free_bytes)) {}

  /// Makes the folder. To be called once the medium is mounted.
  StorageResult<void> Prepare();

  StorageResult<std::unique_ptr<File>> Open(std::string_view name, Mode mode) override;
  StorageResult<void> Remove(std::string_view name) override;
  StorageResult<void> List(const std::function<void(std::string_view, uint64_t)>& visit) override;
  StorageResult<uint64_t> FreeBytes() override { return free_bytes_(); }

 private:
  std::string PathOf(std::string_view name) const;

  std::string folder_;
  std::function<StorageResult<uint64_t>()> free_bytes_;
};

}  // namespace clip_store

// SPDX-License-Identifier: Apache-2.0
#include "storage_volumes.h"

#include <sys/statvfs.h>

#include <cstdlib>
#include <string>

#include "clip_store/posix_file_layer.h"

namespace firmware {
namespace {

using clip_store::StorageError;
using clip_store::StorageResult;

StorageResult<uint64_t> FreeBytes(const std::string& folder) {
  struct statvfs state {};
  if (statvfs(folder.c_str(), &state) != 0) return std::unexpected(StorageError::kGone);
  return uint64_t{state.f_bavail} * state.f_frsize;
}

/// The folder $YAMNET_STORAGE_DIR.
class Folder final : public clip_store::Volume {
 public:
  explicit Folder(std::string path) : path_(std::move(path)), files_(path_, [this] { return FreeBytes(path_); }) {}

  std::string_view name() const override { return "folder"; }
  StorageResult<clip_store::FileLayer*> Mount() override {
    if (path_.empty()) return std::unexpected(StorageError::kGone);
    if (const auto prepared = files_.Prepare(); !prepared) return std::unexpected(prepared.error());
    return &files_;
  }
  void Unmount() override {}
  bool Alive() override { return FreeBytes(path_).has_value(); }

 private:
  std::string path_;
  clip_store::PosixFileLayer files_;
};

}  // namespace

std::vector<std::unique_ptr<clip_store::Volume>> MakeStorageVolumes() {
  const char* const path = std::getenv("YAMNET_STORAGE_DIR");
  std::vector<std::unique_ptr<clip_store::Volume>> volumes;
  volumes.push_back(std::make_unique<Folder>(path == nullptr ? "" : path));
  return volumes;
}

}  // namespace firmware

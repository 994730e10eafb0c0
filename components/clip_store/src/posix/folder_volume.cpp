// SPDX-License-Identifier: Apache-2.0
#include "clip_store/folder_volume.h"

#include <sys/statvfs.h>

namespace clip_store {
namespace {

StorageResult<uint64_t> FreeBytes(const std::string& folder) {
  struct statvfs state {};
  if (statvfs(folder.c_str(), &state) != 0) return std::unexpected(StorageError::kGone);
  return uint64_t{state.f_bavail} * state.f_frsize;
}

}  // namespace

FolderVolume::FolderVolume(std::string path)
    : path_(std::move(path)), files_(path_, [this] { return FreeBytes(path_); }) {}

StorageResult<FileLayer*> FolderVolume::Mount() {
  if (path_.empty()) return std::unexpected(StorageError::kGone);
  if (const auto prepared = files_.Prepare(); !prepared) return std::unexpected(prepared.error());
  return &files_;
}

bool FolderVolume::Alive() { return FreeBytes(path_).has_value(); }

}  // namespace clip_store

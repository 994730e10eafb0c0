// SPDX-License-Identifier: Apache-2.0
#include "storage_volumes.h"

#include <cstdlib>

#include "clip_store/folder_volume.h"

namespace firmware {

/// The folder $YAMNET_STORAGE_DIR.
std::vector<std::unique_ptr<clip_store::Volume>> MakeStorageVolumes() {
  const char* const path = std::getenv("YAMNET_STORAGE_DIR");
  std::vector<std::unique_ptr<clip_store::Volume>> volumes;
  volumes.push_back(std::make_unique<clip_store::FolderVolume>(path == nullptr ? "" : path));
  return volumes;
}

}  // namespace firmware

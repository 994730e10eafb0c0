// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "clip_store/posix_file_layer.h"
#include "esp_err.h"

namespace clip_store::esp {

/// The folder "events" on a FAT file system that is mounted at `base`.
PosixFileLayer FatFolder(const char* base);

/// What a failed mount means for a medium.
StorageError FromMountError(esp_err_t error);

}  // namespace clip_store::esp

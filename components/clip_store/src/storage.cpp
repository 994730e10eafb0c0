// SPDX-License-Identifier: Apache-2.0
#include "clip_store/storage.h"

namespace clip_store {

std::string_view StorageErrorName(StorageError error) {
  switch (error) {
    case StorageError::kNotFound:
      return "not found";
    case StorageError::kNoSpace:
      return "full";
    case StorageError::kReadOnly:
      return "read-only";
    case StorageError::kCorrupt:
      return "corrupt";
    case StorageError::kBusy:
      return "busy";
    case StorageError::kGone:
      break;
  }
  return "gone";
}

}  // namespace clip_store

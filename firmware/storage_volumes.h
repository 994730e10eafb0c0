// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "clip_store/storage.h"

namespace firmware {

/// Where clips and journal may be kept, the preferred one first.
std::vector<std::unique_ptr<clip_store::Volume>> MakeStorageVolumes();

}  // namespace firmware

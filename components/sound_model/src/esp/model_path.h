// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace sound_model {

/// Where a file of the model partition lies once MountModelFiles() has succeeded.
std::string ModelPath(const char* name);

}  // namespace sound_model

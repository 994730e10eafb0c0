// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "update/updates.h"

namespace firmware {

/// Where updates can be written here.
update::Updates::Places FindUpdatePlaces();

/// The partition of a model's slot, 0 or 1.
const char* ModelLabel(int slot);

}  // namespace firmware

// SPDX-License-Identifier: Apache-2.0
#include "network.h"

namespace firmware {

/// The chip has no network yet.
void StartNetwork(App&) {}

}  // namespace firmware

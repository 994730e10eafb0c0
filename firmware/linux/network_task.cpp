// SPDX-License-Identifier: Apache-2.0
#include "network_task.h"

namespace firmware {

void StartNetworkTask(App&, device_api::Api&) {}

}  // namespace firmware

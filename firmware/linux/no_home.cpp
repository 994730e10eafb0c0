// SPDX-License-Identifier: Apache-2.0
#include "home.h"

namespace firmware {

void StartHome(App&, device_api::Api&) {}

void CloseHome() {}

}  // namespace firmware

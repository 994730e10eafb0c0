// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app.h"
#include "device_api/api.h"
#include "esp_http_server.h"

namespace firmware {

/// Takes a body that comes in pieces, in a task of its own, so that the server answers others meanwhile; one at a time.
/// Restarts when it was an update. All but `asked` live for as long as the device runs.
esp_err_t TakeUpload(App& app, device_api::Api& api, const device_api::Request& asked, httpd_req_t* request);

}  // namespace firmware

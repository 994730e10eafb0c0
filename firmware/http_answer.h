// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "device_api/http.h"
#include "esp_http_server.h"

namespace firmware {

/// Status line and header fields of an answer.
std::string Head(const device_api::Response& response);

/// @return false when the client has gone.
bool SendAll(httpd_req_t* request, std::string_view bytes);

}  // namespace firmware

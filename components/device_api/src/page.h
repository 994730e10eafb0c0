// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "device_api/http.h"

namespace device_api {

/// The answer to a request for a file of the page: its name, or none for the page itself.
/// @return 404 where there is none.
Response ServePage(const Request& request, std::span<const std::string> path);

}  // namespace device_api

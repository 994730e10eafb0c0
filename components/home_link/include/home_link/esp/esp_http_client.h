// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "home_link/http_client.h"
#include "listening/services.h"

namespace home_link::esp {

/// ESP-IDF's HTTP client, in a task that lives as long as an exchange does. There is one at most.
std::unique_ptr<HttpClient> MakeEspHttpClient(listening::Services& services);

}  // namespace home_link::esp

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/json_writer.h"
#include "device_api/http.h"

namespace device_api {

/// The ETag of what has this CRC-32.
std::string EntityTag(uint32_t crc);

/// The ETag of settings: of the fields that can be set, for those beside them change by themselves.
std::string EntityTag(const std::function<void(base::JsonWriter&)>& write);

/// @param tag  of what is in force.
/// @return the answer to a request whose If-Match names something else: 412.
std::optional<Response> Mismatch(const Request& request, const std::string& tag);

}  // namespace device_api

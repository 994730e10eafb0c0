// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

namespace firmware {

/// Starts the driver that FIRMWARE_NETWORK names and its esp_netif, which asks for an address by itself. To be called
/// when lwIP runs; again after it has failed.
/// @return what there is, in words.
std::expected<std::string, std::string> StartLink();

}  // namespace firmware

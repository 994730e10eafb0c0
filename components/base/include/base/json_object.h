// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/json_writer.h"

namespace base {

/// A JSON object of whatever fields `write` writes, which is called again with more memory until they fit; allocates.
std::string JsonObject(const std::function<void(JsonWriter&)>& write);

}  // namespace base

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json_writer.h"

namespace firmware {

struct App;

/// The fields of @info (docs/serial-protocol.md), without braces and without the console's own.
void WriteAppInfo(const App& app, base::JsonWriter& json);

}  // namespace firmware

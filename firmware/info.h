// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "serial_console/json_writer.h"

namespace firmware {

struct App;

/// The fields of @info (docs/serial-protocol.md), without braces and without the console's own.
void WriteAppInfo(const App& app, serial_console::JsonWriter& json);

}  // namespace firmware

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "listening/log_lines.h"

namespace firmware {

/// Has all that ESP-IDF logs from now on added to `lines`, which live for as long as the device runs, and printed as
/// before.
void KeepLogLines(listening::LogLines& lines);

}  // namespace firmware

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

using TickType_t = uint32_t;
constexpr TickType_t pdMS_TO_TICKS(uint32_t ms) { return ms; }

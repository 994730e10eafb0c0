// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

namespace sound_model::chain {

/// Outputs of an int8 LOGISTIC, which has scale 1/256 and zero point -128, for the inputs from -128 on.
using LogisticTable = std::array<int8_t, 256>;

/// @param scale       of the input, 2^-24 to 8.
/// @param zero_point  of the input.
LogisticTable MakeLogisticTable(float scale, int32_t zero_point);

}  // namespace sound_model::chain

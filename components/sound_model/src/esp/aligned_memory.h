// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace sound_model {

enum class Memory { kPsram, kInternal };

/// 16-byte aligned memory for SIMD kernels; empty when there is not enough.
std::span<uint8_t> AllocateAligned(size_t bytes, Memory memory);
void FreeAligned(std::span<uint8_t> bytes);

/// The most that AllocateAligned() can give at once.
size_t LargestFree(Memory memory);

}  // namespace sound_model

// SPDX-License-Identifier: Apache-2.0
// Counts heap allocations of the whole program. Include it in one file of a test program.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace native_tests {
inline size_t allocation_count = 0;
}

void* operator new(size_t size) {
  ++native_tests::allocation_count;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
// Inlined, g++ 12 would take free() for a mismatch with the operator new above.
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

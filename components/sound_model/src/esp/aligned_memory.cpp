// SPDX-License-Identifier: Apache-2.0
#include "aligned_memory.h"

#include "esp_heap_caps.h"

namespace sound_model {
namespace {

constexpr size_t kAlignment = 16;

uint32_t Capabilities(Memory memory) {
#if CONFIG_IDF_TARGET_LINUX
  (void)memory;
  return MALLOC_CAP_DEFAULT;
#else
  return MALLOC_CAP_8BIT | (memory == Memory::kPsram ? MALLOC_CAP_SPIRAM : MALLOC_CAP_INTERNAL);
#endif
}

}  // namespace

std::span<uint8_t> AllocateAligned(size_t bytes, Memory memory) {
  auto* const start = static_cast<uint8_t*>(heap_caps_aligned_alloc(kAlignment, bytes, Capabilities(memory)));
  return start == nullptr ? std::span<uint8_t>() : std::span(start, bytes);
}

void FreeAligned(std::span<uint8_t> bytes) { heap_caps_free(bytes.data()); }

size_t LargestFree(Memory memory) {
  const size_t largest = heap_caps_get_largest_free_block(Capabilities(memory));
  return largest > kAlignment ? largest - kAlignment : 0;
}

}  // namespace sound_model

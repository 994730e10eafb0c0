// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "esp_heap_caps.h"
#include "sdkconfig.h"

namespace firmware {

/// Memory for as long as the device runs, in PSRAM where there is some; empty when there is none to be had.
template <typename T>
std::span<T> AllocateLarge(size_t count) {
#if CONFIG_IDF_TARGET_LINUX
  constexpr uint32_t kCapabilities = MALLOC_CAP_DEFAULT;
#else
  constexpr uint32_t kCapabilities = MALLOC_CAP_8BIT | MALLOC_CAP_SPIRAM;
#endif
  auto* const start = static_cast<T*>(heap_caps_malloc(count * sizeof(T), kCapabilities));
  return start == nullptr ? std::span<T>() : std::span(start, count);
}

}  // namespace firmware

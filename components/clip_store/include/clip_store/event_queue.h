// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "sound_events/event.h"

namespace clip_store {

/// Events on their way from the detector's task to the storage task. One thread pushes and never waits: what does not
/// fit is dropped and counted. One other pops. Nothing is allocated.
class EventQueue {
 public:
  static constexpr uint32_t kCapacity = 64;

  void Push(const sound_events::Event& event) {
    const uint32_t pushed = pushed_.load(std::memory_order_relaxed);
    if (pushed - popped_.load(std::memory_order_acquire) == kCapacity) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    events_[pushed % kCapacity] = event;
    pushed_.store(pushed + 1, std::memory_order_release);
  }

  std::optional<sound_events::Event> Pop() {
    const uint32_t popped = popped_.load(std::memory_order_relaxed);
    if (popped == pushed_.load(std::memory_order_acquire)) return std::nullopt;
    const sound_events::Event event = events_[popped % kCapacity];
    popped_.store(popped + 1, std::memory_order_release);
    return event;
  }

  uint32_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  std::array<sound_events::Event, kCapacity> events_{};
  std::atomic<uint32_t> pushed_{0};
  std::atomic<uint32_t> popped_{0};
  std::atomic<uint32_t> dropped_{0};
};

}  // namespace clip_store

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "clip_store/event_queue.h"
#include "home_link/house.h"
#include "listening/device.h"
#include "listening/event_listener.h"

namespace home_link {

/// Makes reports of what is heard, once storage has named the clips. To be added to the device's event listeners; the
/// rest belongs to one task.
class ReportQueue final : public listening::EventListener {
 public:
  static constexpr int64_t kClipMs = 3000;  ///< So long an event waits for its clip's name.

  /// @param device  outlives this.
  explicit ReportQueue(listening::Device& device) : device_(device) {}

  void OnEvent(const sound_events::Event& event) override { events_.Push(event); }

  /// The next start or end, before its report is there. To be asked until there is none, ahead of Next().
  std::optional<sound_events::Event> Hear(int64_t now_ms);
  std::optional<Report> Next(int64_t now_ms);
  void Forget();

  uint32_t dropped() const { return events_.dropped(); }  ///< Nobody took them in time.

 private:
  struct Heard {
    sound_events::Event event;
    int64_t at_ms;
  };

  std::optional<Report> ReportOf(const sound_events::Event& event, bool patient) const;

  listening::Device& device_;
  clip_store::EventQueue events_;
  std::deque<Heard> heard_;
};

}  // namespace home_link

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sound_events/event.h"

namespace listening {

/// Someone who wants to know of events: clips and journal, the log, a network. Called in the order of the events, from
/// the task that hears or the one that sets rules, which waits for the return: what takes longer is queued. Must not
/// call the EventWatch it hears from.
class EventListener {
 public:
  virtual ~EventListener() = default;
  /// An event begins, goes on or ends.
  virtual void OnEvent(const sound_events::Event& event) = 0;
  /// No more will come: a recording has ended.
  virtual void OnEnd() {}
};

}  // namespace listening

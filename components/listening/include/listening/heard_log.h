// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "listening/event_listener.h"
#include "listening/patch_listener.h"
#include "listening/services.h"
#include "sound_model/class_map.h"

namespace listening {

/// Logs the strongest classes of every n-th patch, as docs/serial-protocol.md has the line.
class PatchLog final : public PatchListener {
 public:
  /// @param every  0: never.
  /// All others outlive this.
  PatchLog(Services& services, const sound_model::ClassMap& classes, uint32_t every, size_t top_classes)
      : services_(services), classes_(classes), every_(every), order_(top_classes) {}

  void OnPatch(const ScoredPatch& patch) override;
  void OnGap(int64_t next_sample) override;

 private:
  Services& services_;
  const sound_model::ClassMap& classes_;
  uint32_t every_;
  std::vector<uint16_t> order_;  ///< The strongest classes of the latest patch that was logged.
  uint32_t patches_ = 0;
};

/// Logs what rules tell, likewise.
class EventLog final : public EventListener {
 public:
  /// @param services  outlives this.
  explicit EventLog(Services& services) : services_(services) {}

  void OnEvent(const sound_events::Event& event) override;

 private:
  Services& services_;
};

}  // namespace listening

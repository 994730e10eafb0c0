// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "clip_store/clip_store.h"
#include "device_clock.h"

namespace firmware {

/// A copy of how the store is, for other tasks.
struct RecorderState {
  clip_store::ClipStoreStatus counts{};
  std::string volume;
  std::string recording;
  std::vector<std::string> latest_lines;  ///< Of the journal, oldest first.
};

/// Keeps events as clips and journal lines, in a task of its own, where storage may be slow.
class ClipRecorder {
 public:
  /// @param clock  outlives this.
  explicit ClipRecorder(DeviceClock& clock);

  /// Allocates the ring.
  /// @return what there is, or why nothing can be kept.
  std::expected<std::string, std::string> Allocate();
  /// @param boot_count  as NVS has it; raised there where a volume has larger ones.
  /// @return what there is to say.
  std::string Start(uint32_t boot_count);

  /// For the capture task; nullptr when there is none.
  clip_store::SampleRing* ring() { return ring_.get(); }
  clip_store::EventQueue& events() { return events_; }

  /// Completes the clip being written; the recorder goes on.
  void Flush() { flush_ = true; }
  /// Completes the clip being written and waits for it, but not for long: before a restart.
  void Stop();

  RecorderState state() const;

 private:
  void Run();
  void KeepBoot();

  DeviceClock& clock_;
  std::unique_ptr<clip_store::SampleRing> ring_;
  clip_store::EventQueue events_;
  std::vector<std::unique_ptr<clip_store::Volume>> volumes_;
  std::unique_ptr<clip_store::ClipStore> store_;
  std::atomic<bool> flush_ = false;
  std::atomic<bool> stop_requested_ = false;
  std::atomic<bool> stopped_ = false;
  uint32_t kept_boot_ = 0;
};

}  // namespace firmware

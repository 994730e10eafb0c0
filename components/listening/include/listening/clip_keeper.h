// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "clip_store/clip_store.h"
#include "listening/event_listener.h"
#include "listening/services.h"

namespace listening {

/// A copy of how the store is, for other tasks.
struct StorageState {
  clip_store::ClipStoreStatus counts{};  ///< Without its views, which are the next two.
  std::string volume;
  std::string recording;
  std::vector<std::string> latest_lines;  ///< Of the journal, oldest first.
};

/// Keeps events as clips and journal lines. Serve() belongs to a task of its own, where storage may be slow.
class ClipKeeper final : public EventListener {
 public:
  /// @param ring_memory  for the samples that a clip may begin with; outlives this.
  /// @param clock        outlives this.
  ClipKeeper(Services& services, const clip_store::ClipStoreSpec& spec, std::span<int16_t> ring_memory,
             std::vector<std::unique_ptr<clip_store::Volume>> volumes, const clip_store::Clock& clock);

  void OnEvent(const sound_events::Event& event) override { events_.Push(event); }
  void OnEnd() override { flush_ = true; }

  /// For the capture task.
  clip_store::SampleRing& ring() { return ring_; }

  /// Takes what has come since the last call. To be called several times a second.
  void Serve();

  /// Makes Serve() complete the clip being written, and nothing after it: before a restart.
  void Close() { closing_ = true; }
  bool closed() const { return closed_; }

  StorageState state() const;

 private:
  Services& services_;
  clip_store::SampleRing ring_;
  clip_store::EventQueue events_;
  std::vector<std::unique_ptr<clip_store::Volume>> volumes_;
  clip_store::ClipStore store_;
  std::atomic<bool> flush_ = false;
  std::atomic<bool> closing_ = false;
  std::atomic<bool> closed_ = false;
  std::unique_ptr<base::Lock> lock_;
  StorageState state_;
};

}  // namespace listening

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "clip_store/clip_store.h"
#include "listening/event_listener.h"
#include "listening/services.h"

namespace listening {

/// Keeps events as clips and journal lines. Serve() belongs to a task of its own, where storage may be slow.
class ClipKeeper final : public EventListener {
 public:
  /// @param ring_memory  for the samples that a clip may begin with; outlives this.
  /// @param clock        outlives this.
  /// @param raise_boot   is given the boot number of events when a volume has raised it, from Serve()'s task.
  ClipKeeper(Services& services, const clip_store::ClipStoreSpec& spec, std::span<int16_t> ring_memory,
             std::vector<std::unique_ptr<clip_store::Volume>> volumes, const clip_store::Clock& clock,
             std::function<void(uint32_t)> raise_boot);

  void OnEvent(const sound_events::Event& event) override { events_.Push(event); }
  void OnEnd() override { flush_ = true; }

  /// For the capture task.
  clip_store::SampleRing& ring() { return ring_; }

  /// Takes what has come since the last call; the first one mounts. To be called several times a second.
  void Serve();

  /// Makes Serve() complete the clip being written, and nothing after it: before a restart.
  void Close() { closing_ = true; }
  bool closed() const { return closed_; }

  /// For any task; of the store only what it offers to any task.
  bool served() const { return served_; }  ///< Serve() has been through once.
  clip_store::ClipStore& store() { return store_; }
  const clip_store::ClipStore& store() const { return store_; }

 private:
  Services& services_;
  clip_store::SampleRing ring_;
  clip_store::EventQueue events_;
  std::vector<std::unique_ptr<clip_store::Volume>> volumes_;
  clip_store::ClipStore store_;
  std::function<void(uint32_t)> raise_boot_;
  uint32_t boot_;
  std::atomic<bool> flush_ = false;
  std::atomic<bool> closing_ = false;
  std::atomic<bool> closed_ = false;
  std::atomic<bool> served_ = false;
};

}  // namespace listening

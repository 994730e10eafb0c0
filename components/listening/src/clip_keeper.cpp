// SPDX-License-Identifier: Apache-2.0
#include "listening/clip_keeper.h"

#include <mutex>
#include <utility>

namespace listening {
namespace {

std::vector<clip_store::Volume*> Pointers(const std::vector<std::unique_ptr<clip_store::Volume>>& volumes) {
  std::vector<clip_store::Volume*> pointers;
  for (const auto& volume : volumes) pointers.push_back(volume.get());
  return pointers;
}

}  // namespace

ClipKeeper::ClipKeeper(Services& services, const clip_store::ClipStoreSpec& spec, std::span<int16_t> ring_memory,
                       std::vector<std::unique_ptr<clip_store::Volume>> volumes, const clip_store::Clock& clock)
    : services_(services),
      ring_(ring_memory),
      volumes_(std::move(volumes)),
      store_(spec, ring_, events_, Pointers(volumes_), clock),
      lock_(services.MakeLock()) {}

void ClipKeeper::Serve() {
  if (closed_) return;
  const bool flush = flush_.exchange(false);
  store_.Service(services_.UptimeUs() / 1000);
  if (flush || closing_) store_.Close();
  StorageState now{.counts = store_.status(), .volume = {}, .recording = {}, .latest_lines = {}};
  now.volume = std::exchange(now.counts.volume, {});
  now.recording = std::exchange(now.counts.recording, {});
  now.latest_lines.assign(store_.latest_lines().begin(), store_.latest_lines().end());
  {
    const std::lock_guard guard(*lock_);
    state_ = std::move(now);
  }
  if (closing_) closed_ = true;
}

StorageState ClipKeeper::state() const {
  const std::lock_guard guard(*lock_);
  return state_;
}

}  // namespace listening

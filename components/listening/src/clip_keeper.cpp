// SPDX-License-Identifier: Apache-2.0
#include "listening/clip_keeper.h"

namespace listening {
namespace {

std::vector<clip_store::Volume*> Pointers(const std::vector<std::unique_ptr<clip_store::Volume>>& volumes) {
  std::vector<clip_store::Volume*> pointers;
  for (const auto& volume : volumes) pointers.push_back(volume.get());
  return pointers;
}

}  // namespace

ClipKeeper::ClipKeeper(Services& services, const clip_store::ClipStoreSpec& spec, std::span<int16_t> ring_memory,
                       std::vector<std::unique_ptr<clip_store::Volume>> volumes, const clip_store::Clock& clock,
                       std::function<void(uint32_t)> raise_boot)
    : services_(services),
      ring_(ring_memory),
      volumes_(std::move(volumes)),
      store_(spec, ring_, events_, Pointers(volumes_), clock, [&services] { return services.MakeLock(); }),
      raise_boot_(std::move(raise_boot)),
      boot_(spec.boot_count) {}

void ClipKeeper::Serve() {
  if (closed_) return;
  const bool flush = flush_.exchange(false);
  store_.Service(services_.UptimeUs() / 1000);
  if (flush || closing_) store_.Close();
  if (store_.boot() > boot_) raise_boot_(boot_ = store_.boot());
  served_ = true;
  if (closing_) closed_ = true;
}

}  // namespace listening

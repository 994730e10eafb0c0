// SPDX-License-Identifier: Apache-2.0
#include "device_engine.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "sound_model/model_file.h"

namespace device_core {

std::vector<int8_t> DeviceEngine::Score(std::span<const int8_t> patches, int threads) {
  return Compute(&sound_model::WideEngine::Score, static_cast<size_t>(engine_->classes()), patches, threads);
}

std::vector<int8_t> DeviceEngine::Embed(std::span<const int8_t> patches, int threads) {
  return Compute(&sound_model::WideEngine::Embed, engine_->embedding()->values, patches, threads);
}

std::vector<int8_t> DeviceEngine::Compute(Computation computation, size_t values, std::span<const int8_t> patches,
                                          int threads) {
  constexpr size_t kValues = sound_model::kPatchValues;
  constexpr size_t kWorthAThread = 2;  // patches
  const size_t count = patches.size() / kValues;
  const size_t workers = std::clamp<size_t>(count / kWorthAThread, 1, static_cast<size_t>(std::max(threads, 1)));
  const size_t piece =
      std::clamp<size_t>((count + workers - 1) / workers, 1, static_cast<size_t>(engine_->patches_at_a_time()));
  std::vector<int8_t> results(count * values);
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    Scratch scratch = TakeScratch();
    for (size_t first = next.fetch_add(piece); first < count; first = next.fetch_add(piece)) {
      const size_t now = std::min(piece, count - first);
      ((*engine_).*computation)(patches.subspan(first * kValues, now * kValues),
                                std::span(results).subspan(first * values, now * values), scratch);
    }
    GiveBack(std::move(scratch));
  };
  std::vector<std::jthread> others;
  for (size_t i = 1; i < workers; ++i) others.emplace_back(work);
  work();
  others.clear();  // joins them
  return results;
}

DeviceEngine::Scratch DeviceEngine::TakeScratch() {
  const std::scoped_lock lock(mutex_);
  if (idle_.empty()) return engine_->MakeScratch();
  Scratch scratch = std::move(idle_.back());
  idle_.pop_back();
  return scratch;
}

void DeviceEngine::GiveBack(Scratch scratch) {
  const std::scoped_lock lock(mutex_);
  idle_.push_back(std::move(scratch));
}

}  // namespace device_core

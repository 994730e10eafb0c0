// SPDX-License-Identifier: Apache-2.0
#include "listening/model_service.h"

#include <algorithm>
#include <mutex>

namespace listening {
namespace {

constexpr int64_t kPatienceMs = 20000;

class Locked {
 public:
  explicit Locked(base::Lock& lock) : lock_(lock), taken_(lock.TryLockFor(kPatienceMs)) {}
  ~Locked() {
    if (taken_) lock_.unlock();
  }
  Locked(const Locked&) = delete;
  explicit operator bool() const { return taken_; }

 private:
  base::Lock& lock_;
  bool taken_;
};

std::unexpected<Error> Busy() {
  return std::unexpected(Error{ErrorCode::kBusy, "another inference has not ended for 20 seconds"});
}

}  // namespace

ModelService::ModelService(Services& services, std::unique_ptr<sound_model::Engine> engine)
    : services_(services),
      engine_(std::move(engine)),
      arena_used_(engine_->arena_used()),
      engine_lock_(services.MakeLock()),
      times_lock_(services.MakeLock()) {}

std::expected<uint32_t, Error> ModelService::Score(std::span<const int8_t> patch, std::span<int8_t> scores) {
  const Locked locked(*engine_lock_);
  if (!locked) return Busy();
  std::ranges::copy(patch, engine_->input().begin());
  const auto us = InvokeLocked(false);
  if (us) {
    std::ranges::copy(engine_->output(), scores.begin());
    NoteTime(*us);
  }
  return us;
}

std::expected<Profile, Error> ModelService::ProfileOps() {
  const Locked locked(*engine_lock_);
  if (!locked) return Busy();
  std::ranges::fill(engine_->input(), int8_t{0});
  const auto us = InvokeLocked(false);
  if (!us) return std::unexpected(us.error());
  const auto costs = engine_->costs();
  Profile profile{.total_cycles = 0, .total_us = *us, .ops = {costs.begin(), costs.end()}};
  for (const sound_model::OpCost& cost : costs) profile.total_cycles += cost.cycles;
  return profile;
}

std::expected<SelfTestResult, Error> ModelService::SelfTest(const sound_model::SelfTestVector& vector) {
  const Locked locked(*engine_lock_);
  if (!locked) return Busy();
  uint32_t us = 0;
  for (const bool guarded : {true, false}) {  // the second one is timed
    std::ranges::copy(vector.patch, engine_->input().begin());
    const auto invoked = InvokeLocked(guarded);
    if (!invoked) return std::unexpected(invoked.error());
    us = *invoked;
  }
  const auto difference = sound_model::CompareOutputs(vector.outputs, engine_->output());
  return SelfTestResult{difference.differing, difference.largest, us};
}

InferenceTimes ModelService::times() const {
  const std::lock_guard guard(*times_lock_);
  auto latest = latest_us_;
  const size_t count = std::min<size_t>(patches_, latest.size());
  if (count == 0) return {};
  const auto middle = latest.begin() + count / 2;
  std::nth_element(latest.begin(), middle, latest.begin() + count);
  return {patches_, *middle, max_us_};
}

std::expected<uint32_t, Error> ModelService::InvokeLocked(bool guarded) {
  const int64_t begin_us = services_.UptimeUs();
  if (const auto invoked = engine_->Invoke(guarded); !invoked) {
    return std::unexpected(Error{ErrorCode::kFailed, invoked.error().message});
  }
  return static_cast<uint32_t>(services_.UptimeUs() - begin_us);
}

void ModelService::NoteTime(uint32_t us) {
  const std::lock_guard guard(*times_lock_);
  latest_us_[patches_ % latest_us_.size()] = us;
  ++patches_;
  max_us_ = std::max(max_us_, us);
}

}  // namespace listening

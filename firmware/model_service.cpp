// SPDX-License-Identifier: Apache-2.0
#include "model_service.h"

#include <algorithm>

#include "esp_timer.h"

namespace firmware {
namespace {

using serial_console::Error;
using serial_console::ErrorCode;

constexpr TickType_t kPatience = pdMS_TO_TICKS(20000);

class Locked {
 public:
  explicit Locked(SemaphoreHandle_t lock) : lock_(lock), taken_(xSemaphoreTake(lock, kPatience) == pdTRUE) {}
  ~Locked() {
    if (taken_) xSemaphoreGive(lock_);
  }
  Locked(const Locked&) = delete;
  explicit operator bool() const { return taken_; }

 private:
  SemaphoreHandle_t lock_;
  bool taken_;
};

std::unexpected<Error> Busy() {
  return std::unexpected(Error{ErrorCode::kBusy, "another inference has not ended for 20 seconds"});
}

}  // namespace

ModelService::ModelService(std::unique_ptr<sound_model::Interpreter> interpreter)
    : interpreter_(std::move(interpreter)), lock_(xSemaphoreCreateMutex()) {
  configASSERT(lock_ != nullptr);
}

std::expected<uint32_t, Error> ModelService::Score(std::span<const int8_t> patch, std::span<int8_t> scores) {
  const Locked locked(lock_);
  if (!locked) return Busy();
  std::ranges::copy(patch, interpreter_->input().begin());
  const auto us = InvokeLocked(false);
  if (us) {
    std::ranges::copy(interpreter_->output(), scores.begin());
    NoteTime(*us);
  }
  return us;
}

std::expected<serial_console::Profile, Error> ModelService::Profile() {
  const Locked locked(lock_);
  if (!locked) return Busy();
  std::ranges::fill(interpreter_->input(), int8_t{0});
  const auto us = InvokeLocked(false);
  if (!us) return std::unexpected(us.error());
  profile_.clear();
  uint64_t total = 0;
  for (const sound_model::OpCost& cost : interpreter_->costs()) {
    profile_.push_back({cost.op, cost.cycles});
    total += cost.cycles;
  }
  return serial_console::Profile{total, *us, profile_};
}

std::expected<serial_console::SelfTestResult, Error> ModelService::SelfTest(const sound_model::SelfTestVector& vector) {
  const Locked locked(lock_);
  if (!locked) return Busy();
  uint32_t us = 0;
  for (const bool guarded : {true, false}) {  // the second one is timed
    std::ranges::copy(vector.patch, interpreter_->input().begin());
    const auto invoked = InvokeLocked(guarded);
    if (!invoked) return std::unexpected(invoked.error());
    us = *invoked;
  }
  const auto difference = sound_model::CompareOutputs(vector.outputs, interpreter_->output());
  return serial_console::SelfTestResult{difference.differing, difference.largest, us};
}

InferenceTimes ModelService::times() const {
  auto latest = latest_us_;
  const size_t count = std::min<size_t>(patches_, latest.size());
  if (count == 0) return {};
  const auto middle = latest.begin() + count / 2;
  std::nth_element(latest.begin(), middle, latest.begin() + count);
  return {patches_, *middle, max_us_};
}

std::expected<uint32_t, Error> ModelService::InvokeLocked(bool guarded) {
  const int64_t begin_us = esp_timer_get_time();
  if (const auto invoked = interpreter_->Invoke(guarded); !invoked) {
    return std::unexpected(Error{ErrorCode::kFailed, invoked.error().message});
  }
  return static_cast<uint32_t>(esp_timer_get_time() - begin_us);
}

void ModelService::NoteTime(uint32_t us) {
  latest_us_[patches_ % latest_us_.size()] = us;
  ++patches_;
  max_us_ = std::max(max_us_, us);
}

}  // namespace firmware

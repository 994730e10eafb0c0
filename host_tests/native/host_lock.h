// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <mutex>

#include "base/lock.h"

namespace native_tests {

class HostLock : public base::Lock {
 public:
  void lock() override { mutex_.lock(); }
  void unlock() override { mutex_.unlock(); }
  bool TryLockFor(int64_t milliseconds) override { return mutex_.try_lock_for(std::chrono::milliseconds(milliseconds)); }

 private:
  std::timed_mutex mutex_;
};

inline std::unique_ptr<base::Lock> MakeHostLock() { return std::make_unique<HostLock>(); }

}  // namespace native_tests

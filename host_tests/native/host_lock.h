// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <thread>

#include "base/lock.h"

namespace native_tests {

/// Asks again and again: the thread sanitizer does not know the call that std::timed_mutex waits with.
class HostLock : public base::Lock {
 public:
  void lock() override { mutex_.lock(); }
  void unlock() override { mutex_.unlock(); }
  bool TryLockFor(int64_t milliseconds) override {
    for (int64_t waited = 0; !mutex_.try_lock(); ++waited) {
      if (waited >= milliseconds) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

 private:
  std::mutex mutex_;
};

inline std::unique_ptr<base::Lock> MakeHostLock() { return std::make_unique<HostLock>(); }

}  // namespace native_tests

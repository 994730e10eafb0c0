// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace base {

/// A mutex that portable code is given: FreeRTOS's on a device, the host's on a PC. Works with std::lock_guard.
class Lock {
 public:
  virtual ~Lock() = default;
  virtual void lock() = 0;
  virtual void unlock() = 0;
  /// @return whether it was taken within the time.
  virtual bool TryLockFor(int64_t milliseconds) = 0;
};

using MakeLock = std::function<std::unique_ptr<Lock>()>;

}  // namespace base

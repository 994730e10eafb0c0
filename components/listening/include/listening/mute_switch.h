// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <expected>

#include "listening/error.h"
#include "listening/services.h"

namespace listening {

/// Whether the owner has stopped the microphone; kept over restarts. Whoever captures sound asks it and closes the
/// microphone. From any task.
class MuteSwitch {
 public:
  /// @param services  outlives this.
  explicit MuteSwitch(Services& services) : services_(services) {}

  /// Takes up what was set before the restart.
  void Load();

  bool on() const { return on_; }

  /// @return kFailed when it cannot be stored. A microphone that was to be stopped is stopped all the same, until the
  ///         next restart; one that was to listen stays stopped.
  std::expected<void, Error> Set(bool on);

 private:
  Services& services_;
  std::atomic<bool> on_ = false;
};

}  // namespace listening

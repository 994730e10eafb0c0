// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "home_link/house.h"
#include "listening/device.h"

namespace home_link {

/// How far somebody has been told of events, over restarts: the journal has what he misses. One task calls it.
class ToldMark {
 public:
  static constexpr size_t kMostMissed = 64;
  static constexpr int64_t kSaveMs = 10'000;  ///< From one writing to the next: flash wears.

  /// @param device  outlives this.
  /// @param key     of the device's settings.
  ToldMark(listening::Device& device, const char* key);

  /// Whether somebody wants to be told. Who begins to is told nothing of what was before.
  void Want(bool wanted);
  /// Somebody has this report, and all before it.
  void Set(const Report& report);
  void Save(int64_t now_ms);  ///< To be called now and then, with INT64_MAX before a restart.

  /// What earlier runs have not told, oldest first, the latest kMostMissed of it; once.
  /// @return nothing while storage is not there.
  std::optional<std::vector<Report>> TakeMissed();

 private:
  void Put(std::string mark);

  listening::Device& device_;
  const char* key_;
  std::string mark_;  ///< "<id> <kind>" of the last line that was told; "-": none yet; empty: nobody wants to be told.
  bool saved_ = true;
  bool taken_ = false;
  int64_t save_from_ms_ = 0;
};

}  // namespace home_link

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "listening/services.h"

namespace listening {

/// What tells whether a firmware works.
struct Health {
  bool model_works;    ///< The self-test passed.
  bool hears;          ///< Patches are being scored.
  std::string volume;  ///< Where events are kept; empty: nowhere.

  bool operator==(const Health&) const = default;
};

/// Whether a firmware that was just installed is kept. A crash needs no verdict: the bootloader goes back by itself.
class HealthVerdict {
 public:
  enum class Verdict { kPending, kWell, kIll };

  static constexpr int64_t kWellAfterMs = 60'000;  ///< Without a break.
  static constexpr int kPatience = 5;  ///< As often that time since the start, without having been well for it: ill.

  /// @param settings  tell how it was before; outlives this.
  explicit HealthVerdict(Settings& settings, int64_t well_after_ms = kWellAfterMs);

  /// To be called every second or so. As well as before is well: the model works, it hears if it did, and events are
  /// kept where they were.
  Verdict Judge(const Health& now, int64_t uptime_ms);

  /// How it is, for the firmware that comes after this one; stored when it has been so for as long.
  void Remember(const Health& now, int64_t uptime_ms);

 private:
  Settings& settings_;
  int64_t well_after_ms_;
  std::optional<Health> before_;
  std::optional<Health> latest_;
  int64_t latest_since_ms_ = 0;
  std::optional<int64_t> well_since_ms_;
};

}  // namespace listening

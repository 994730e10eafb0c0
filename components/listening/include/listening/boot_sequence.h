// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/backoff.h"
#include "listening/services.h"

namespace listening {

/// The boot as a list of named steps. A step that fails is remembered with its reason, and so are those that need it;
/// the others run all the same. Steps that can recover are tried again later, and what needs them runs then.
///
/// One task runs and retries the steps; others may look at any time.
class BootSequence {
 public:
  enum class Recovers { kNever, kMay };

  struct Step {
    std::string name;
    std::string needs;  ///< A step before it, or empty.
    Recovers recovers;
    bool ok;
    uint32_t attempts;    ///< 0 while what it needs has not succeeded.
    uint32_t ms;          ///< Of the latest attempt.
    std::string message;  ///< What it has to tell, or why it failed.
  };
  using Result = std::expected<std::string, std::string>;  ///< What it has to tell, or why it failed.

  explicit BootSequence(Services& services);

  void Run(std::string name, std::string needs, std::function<Result()> step, Recovers recovers = Recovers::kNever);
  void Finish() { finished_ = true; }  ///< That was the last step.

  /// Tries again what may have recovered, after 1, 2, 4 … 60 seconds, and what waited for it. To be called every
  /// second or so once the boot is over.
  void Retry();

  std::vector<Step> steps() const;  ///< Those that are over, in their order.
  bool finished() const { return finished_; }
  bool ready() const;                      ///< All are over and succeeded.
  bool over(std::string_view name) const;  ///< It has run, with whatever result.
  bool ok(std::string_view name) const;    ///< It has run, and succeeded.
  /// "<step>: <reason>" of the failure that keeps `name` from working.
  std::string WhyNot(std::string_view name) const;

 private:
  struct Entry {
    Step step;
    std::function<Result()> run;  ///< Empty once it has succeeded, or will not be tried again.
    base::Backoff backoff{};
    int64_t next_us = 0;
  };

  void Attempt(size_t index);
  void Settle(size_t index, const Result& result, uint32_t ms, int64_t now_us);
  const Entry* Find(std::string_view name) const;
  std::string WhyNotLocked(std::string_view name) const;

  Services& services_;
  std::unique_ptr<base::Lock> lock_;
  std::vector<Entry> entries_;
  std::atomic<bool> finished_ = false;
};

}  // namespace listening

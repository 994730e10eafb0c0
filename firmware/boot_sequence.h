// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <expected>
#include <functional>
#include <span>
#include <string>

namespace firmware {

/// The boot as a list of named steps. A step that fails is remembered with its reason, and so are those that need it;
/// the others run all the same. One task runs the steps; others may look at those that are over at any time.
class BootSequence {
 public:
  struct Step {
    const char* name;
    const char* needs;  ///< A step before it, or nullptr.
    bool ok;
    uint32_t ms;
    std::string message;  ///< What it has to tell, or why it failed.
  };
  using Result = std::expected<std::string, std::string>;  ///< What it has to tell, or why it failed.

  void Run(const char* name, const char* needs, const std::function<Result()>& step);
  void Finish() { finished_ = true; }  ///< That was the last step.

  std::span<const Step> steps() const { return {steps_.data(), count_.load()}; }  ///< Those that are over.
  bool ready() const;                                                             ///< All are over and succeeded.
  bool over(const char* name) const;                                              ///< It has run, with whatever result.
  bool ok(const char* name) const;                                                ///< It has run, and succeeded.
  /// "<step>: <reason>" of the failure that keeps `name` from working.
  std::string WhyNot(const char* name) const;

 private:
  static constexpr size_t kMaxSteps = 16;

  const Step* Find(const char* name) const;

  std::array<Step, kMaxSteps> steps_;
  std::atomic<size_t> count_ = 0;
  std::atomic<bool> finished_ = false;
};

}  // namespace firmware

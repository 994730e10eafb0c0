// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

namespace firmware {

/// The boot as a list of named steps. A step that fails is remembered with its reason, and so are those that need it; the
/// others run all the same.
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

  const std::vector<Step>& steps() const { return steps_; }
  bool ready() const;  ///< All steps so far succeeded.
  bool ok(const char* name) const;
  /// "<step>: <reason>" of the failure that keeps `name` from working.
  std::string WhyNot(const char* name) const;

 private:
  const Step* Find(const char* name) const;

  std::vector<Step> steps_;
};

}  // namespace firmware

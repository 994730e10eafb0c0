// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/lock.h"

namespace listening {

/// The latest lines of the log, for those who look later than they were said. From any task.
class LogLines {
 public:
  static constexpr size_t kMost = 200;
  static constexpr size_t kMostBytes = 200;  ///< Of a line; what is longer is cut.

  explicit LogLines(std::unique_ptr<base::Lock> lock) : lock_(std::move(lock)) {}

  void Add(std::string_view line);
  std::vector<std::string> lines() const;  ///< Oldest first.

 private:
  std::unique_ptr<base::Lock> lock_;
  std::deque<std::string> lines_;
};

}  // namespace listening

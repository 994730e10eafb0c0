// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/lock.h"

namespace listening {

/// The latest lines of the log, for those who look later than they were said. From any task. Its memory, 40 KB, is one
/// allocation, and none follows.
class LogLines {
 public:
  static constexpr size_t kMost = 200;
  static constexpr size_t kMostBytes = 200;  ///< Of a line; what is longer is cut.

  explicit LogLines(std::unique_ptr<base::Lock> lock) : lock_(std::move(lock)), text_(kMost * kMostBytes) {}

  void Add(std::string_view line);
  std::vector<std::string> lines() const;  ///< Oldest first.

 private:
  std::unique_ptr<base::Lock> lock_;
  std::vector<char> text_;
  std::array<uint8_t, kMost> lengths_{};
  size_t added_ = 0;
};

}  // namespace listening

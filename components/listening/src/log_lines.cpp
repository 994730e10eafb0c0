// SPDX-License-Identifier: Apache-2.0
#include "listening/log_lines.h"

#include <mutex>

namespace listening {

void LogLines::Add(std::string_view line) {
  std::string kept(line.substr(0, kMostBytes));
  const std::lock_guard guard(*lock_);
  if (lines_.size() == kMost) lines_.pop_front();
  lines_.push_back(std::move(kept));
}

std::vector<std::string> LogLines::lines() const {
  const std::lock_guard guard(*lock_);
  return {lines_.begin(), lines_.end()};
}

}  // namespace listening

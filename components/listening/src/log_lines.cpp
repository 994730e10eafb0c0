// SPDX-License-Identifier: Apache-2.0
#include "listening/log_lines.h"

#include <algorithm>
#include <mutex>

namespace listening {

void LogLines::Add(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  line = line.substr(0, kMostBytes);
  const std::lock_guard guard(*lock_);
  const size_t slot = added_++ % kMost;
  std::ranges::copy(line, text_.begin() + static_cast<ptrdiff_t>(slot * kMostBytes));
  lengths_[slot] = static_cast<uint8_t>(line.size());
}

std::vector<std::string> LogLines::lines() const {
  const std::lock_guard guard(*lock_);
  std::vector<std::string> lines;
  for (size_t i = added_ > kMost ? added_ - kMost : 0; i < added_; ++i) {
    lines.emplace_back(text_.data() + i % kMost * kMostBytes, lengths_[i % kMost]);
  }
  return lines;
}

}  // namespace listening

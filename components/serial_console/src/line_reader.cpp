// SPDX-License-Identifier: Apache-2.0
#include "serial_console/line_reader.h"

namespace serial_console {

std::optional<Line> LineReader::Push(char byte, int64_t now_ms) {
  last_byte_ms_ = now_ms;
  if (byte != '\n') {
    if (size_ < buffer_.size()) {
      buffer_[size_++] = byte;
    } else {
      too_long_ = true;
    }
    return std::nullopt;
  }
  std::string_view text(buffer_.data(), size_);
  if (text.ends_with('\r')) text.remove_suffix(1);
  const bool too_long = too_long_ || text.size() > kMaxLineBytes;
  size_ = 0;
  too_long_ = false;
  if (too_long) return Line{Line::Kind::kTooLong, {}};
  if (text.empty()) return std::nullopt;
  return Line{Line::Kind::kWhole, text};
}

std::optional<Line> LineReader::Expire(int64_t now_ms) {
  if (size_ == 0 || now_ms - last_byte_ms_ < kHalfLineTimeoutMs) return std::nullopt;
  size_ = 0;
  too_long_ = false;
  return Line{Line::Kind::kHalf, {}};
}

}  // namespace serial_console

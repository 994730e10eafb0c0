// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace serial_console {

inline constexpr size_t kMaxLineBytes = 12288;    ///< Without the line's end.
inline constexpr int64_t kHalfLineTimeoutMs = 5000;

/// What came in up to a line's end, or what was given up.
struct Line {
  enum class Kind {
    kWhole,
    kTooLong,  ///< More than kMaxLineBytes; all of it was dropped.
    kHalf,     ///< Not ended in time; dropped.
  };
  Kind kind;
  std::string_view text;  ///< Of a whole line, without its end; valid until the next Push().
};

/// Bytes in, lines out. Empty lines are passed over. Nothing is allocated after construction.
class LineReader {
 public:
  LineReader() : buffer_(kMaxLineBytes + 1) {}

  /// Takes one byte.
  /// @param now_ms  a clock that never goes back.
  /// @return the line that the byte ended.
  std::optional<Line> Push(char byte, int64_t now_ms);

  /// To be called now and then while no byte comes.
  /// @return a half line once it is kHalfLineTimeoutMs older than its last byte.
  std::optional<Line> Expire(int64_t now_ms);

 private:
  std::vector<char> buffer_;  ///< One byte longer than a line, for the CR before the LF.
  size_t size_ = 0;
  bool too_long_ = false;
  int64_t last_byte_ms_ = 0;
};

}  // namespace serial_console

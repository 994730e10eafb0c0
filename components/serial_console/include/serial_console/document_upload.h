// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "serial_console/error.h"

namespace serial_console {

/// A text too long for one line, put together from chunks. A chunk at offset 0 begins a new text; the last chunk sent
/// may be sent again, as when its answer got lost.
class DocumentUpload {
 public:
  /// @param total  bytes of the whole text, the same in each chunk.
  /// @return how many bytes are there now; kBadArgument.
  std::expected<size_t, Error> Take(uint64_t offset, uint64_t total, std::span<const uint8_t> chunk, size_t most);

  bool complete() const { return !text_.empty() && text_.size() == total_; }
  std::string_view text() const { return text_; }
  void Clear();

 private:
  std::string text_;
  uint64_t total_ = 0;
  uint64_t chunk_start_ = 0;
};

}  // namespace serial_console

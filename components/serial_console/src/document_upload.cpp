// SPDX-License-Identifier: Apache-2.0
#include "serial_console/document_upload.h"

#include "arguments.h"

namespace serial_console {

std::expected<size_t, Error> DocumentUpload::Take(uint64_t offset, uint64_t total, std::span<const uint8_t> chunk,
                                                  size_t most) {
  if (total == 0 || total > most) {
    return BadArgument("total: a document has 1 to " + std::to_string(most) + " bytes");
  }
  if (offset == 0) {
    Clear();
    total_ = total;
  }
  if (total != total_) return BadArgument("total: the chunk at offset 0 said " + std::to_string(total_));
  const bool again = offset == chunk_start_ && text_.size() - chunk_start_ == chunk.size();
  if (!again && offset != text_.size()) return BadArgument("offset: the next one is " + std::to_string(text_.size()));
  if (chunk.empty() || offset + chunk.size() > total) {
    return BadArgument("base64: a chunk is not empty, and does not go beyond the total");
  }
  text_.resize(offset);
  text_.append(reinterpret_cast<const char*>(chunk.data()), chunk.size());
  chunk_start_ = offset;
  return text_.size();
}

void DocumentUpload::Clear() {
  text_.clear();
  text_.shrink_to_fit();
  total_ = 0;
  chunk_start_ = 0;
}

}  // namespace serial_console

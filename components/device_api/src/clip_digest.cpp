// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "answers.h"
#include "base/sha256.h"
#include "streams.h"

namespace device_api {
namespace {

constexpr int kReadsATurn = 4;

class ClipDigest final : public Stream {
 public:
  explicit ClipDigest(std::unique_ptr<clip_store::ClipReader> reader) : reader_(std::move(reader)) {}

  bool Next(std::string& out) override {
    for (int i = 0; i < kReadsATurn && next_ < reader_->size(); ++i) {
      const auto read = Read();
      if (!read) return read.error() == clip_store::StorageError::kBusy;
    }
    if (next_ < reader_->size()) return true;
    out = JsonObject([&](base::JsonWriter& json) {
      json.Field("bytes", reader_->size());
      json.Field("sha256", std::string_view(hash_.Finish()));
    });
    return false;
  }

 private:
  /// The next bytes. A clip that is shorter than it was is gone.
  clip_store::StorageResult<void> Read() {
    buffer_.resize(std::min<uint64_t>(reader_->size() - next_, clip_store::ClipReader::kMostBytes));
    const auto got = reader_->ReadAt(next_, buffer_);
    if (!got) return std::unexpected(got.error());
    if (*got < buffer_.size()) return std::unexpected(clip_store::StorageError::kGone);
    hash_.Update(buffer_);
    next_ += *got;
    return {};
  }

  std::unique_ptr<clip_store::ClipReader> reader_;
  base::Sha256 hash_;
  uint64_t next_ = 0;
  std::vector<uint8_t> buffer_;
};

}  // namespace

std::unique_ptr<Stream> ClipDigestStream(std::unique_ptr<clip_store::ClipReader> reader) {
  return std::make_unique<ClipDigest>(std::move(reader));
}

}  // namespace device_api

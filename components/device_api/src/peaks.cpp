// SPDX-License-Identifier: Apache-2.0
#include "device_api/peaks.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <mutex>

#include "answers.h"
#include "clip_store/wav_file.h"

namespace device_api {
namespace {

constexpr int kReadsATurn = 8;

/// @param sample  of 16 bits.
int8_t Coarse(int16_t sample) { return static_cast<int8_t>(sample >> 8); }

class PeakReader final : public Stream {
 public:
  PeakReader(std::string clip, std::unique_ptr<clip_store::ClipReader> reader, PeakCache& cache)
      : clip_(std::move(clip)), reader_(std::move(reader)), cache_(cache) {
    constexpr uint64_t kHeader = clip_store::WavFile::kHeaderBytes;
    peaks_.samples = (std::max(reader_->size(), kHeader) - kHeader) / sizeof(int16_t);
    const auto parts = static_cast<size_t>(std::min<uint64_t>(peaks_.samples, Peaks::kMostParts));
    peaks_.low.assign(parts, std::numeric_limits<int8_t>::max());
    peaks_.high.assign(parts, std::numeric_limits<int8_t>::min());
  }

  bool Next(std::string& out) override {
    for (int i = 0; i < kReadsATurn && next_ < peaks_.samples; ++i) {
      const auto read = Read();
      if (!read) return read.error() == clip_store::StorageError::kBusy;
    }
    if (next_ < peaks_.samples) return true;
    out = peaks_.Json();
    cache_.Keep(clip_, std::move(peaks_));
    return false;
  }

 private:
  /// The next samples. A clip that is shorter than it was is gone.
  clip_store::StorageResult<void> Read() {
    buffer_.resize(static_cast<size_t>(std::min<uint64_t>(peaks_.samples - next_, kChunk)));
    const std::span<uint8_t> bytes(reinterpret_cast<uint8_t*>(buffer_.data()), buffer_.size() * sizeof(int16_t));
    const auto got = reader_->ReadAt(clip_store::WavFile::kHeaderBytes + next_ * sizeof(int16_t), bytes);
    if (!got) return std::unexpected(got.error());
    if (*got < bytes.size()) return std::unexpected(clip_store::StorageError::kGone);
    for (const int16_t sample : buffer_) {
      const auto part = static_cast<size_t>(next_++ * peaks_.low.size() / peaks_.samples);
      peaks_.low[part] = std::min(peaks_.low[part], Coarse(sample));
      peaks_.high[part] = std::max(peaks_.high[part], Coarse(sample));
    }
    return {};
  }

  static constexpr size_t kChunk = clip_store::ClipReader::kMostBytes / sizeof(int16_t);

  std::string clip_;
  std::unique_ptr<clip_store::ClipReader> reader_;
  PeakCache& cache_;
  Peaks peaks_{};
  uint64_t next_ = 0;
  std::vector<int16_t> buffer_;
};

}  // namespace

std::string Peaks::Json() const {
  const auto write = [](base::JsonWriter& json, const char* name, const std::vector<int8_t>& values) {
    json.Key(name);
    json.BeginArray();
    for (const int8_t value : values) json.Value(static_cast<int>(value));
    json.EndArray();
  };
  return JsonObject([&](base::JsonWriter& json) {
    json.Field("samples", samples);
    write(json, "low", low);
    write(json, "high", high);
  });
}

std::optional<Peaks> PeakCache::Find(const std::string& clip) const {
  const std::lock_guard guard(*lock_);
  const auto entry = std::ranges::find(entries_, clip, &Entry::clip);
  return entry == entries_.end() ? std::nullopt : std::optional(entry->peaks);
}

void PeakCache::Keep(const std::string& clip, Peaks peaks) {
  const std::lock_guard guard(*lock_);
  std::erase_if(entries_, [&](const Entry& entry) { return entry.clip == clip; });
  if (entries_.size() == kMost) entries_.erase(entries_.begin());
  entries_.push_back({clip, std::move(peaks)});
}

std::unique_ptr<Stream> PeakStream(const std::string& clip, std::unique_ptr<clip_store::ClipReader> reader,
                                   PeakCache& cache) {
  return std::make_unique<PeakReader>(clip, std::move(reader), cache);
}

}  // namespace device_api

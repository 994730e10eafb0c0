// SPDX-License-Identifier: Apache-2.0
#include "clip_store/wav_file.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/sample_rate.h"

namespace clip_store {
namespace {

static_assert(std::endian::native == std::endian::little, "samples go to the file as they lie in memory");

using Header = std::array<uint8_t, WavFile::kHeaderBytes>;

constexpr uint32_t kRiffSizeAt = 4;
constexpr uint32_t kJunkAt = 36;
constexpr uint32_t kDataAt = WavFile::kHeaderBytes - 8;
constexpr uint32_t kDataSizeAt = kDataAt + 4;

void Put(Header& header, uint32_t at, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) header[at + i] = static_cast<uint8_t>(value >> 8 * i);
}

/// RIFF/WAVE as in Microsoft's "Multimedia Programming Interface and Data Specifications 1.0": fmt, JUNK, data.
Header MakeHeader(uint32_t data_bytes) {
  Header header{};
  const auto text = [&](uint32_t at, const char* name) { std::memcpy(&header[at], name, 4); };
  text(0, "RIFF");
  Put(header, kRiffSizeAt, WavFile::kHeaderBytes - 8 + data_bytes, 4);
  text(8, "WAVE");
  text(12, "fmt ");
  Put(header, 16, 16, 4);
  Put(header, 20, 1, 2);  // PCM
  Put(header, 22, 1, 2);  // channels
  Put(header, 24, base::kSampleRateHz, 4);
  Put(header, 28, base::kSampleRateHz * 2, 4);
  Put(header, 32, 2, 2);   // bytes a frame
  Put(header, 34, 16, 2);  // bits a sample
  text(kJunkAt, "JUNK");
  Put(header, kJunkAt + 4, kDataAt - kJunkAt - 8, 4);
  text(kDataAt, "data");
  Put(header, kDataSizeAt, data_bytes, 4);
  return header;
}

}  // namespace

uint64_t WavFile::ByteOf(int64_t sample) const {
  return (has_header_ ? kHeaderBytes : 0) + static_cast<uint64_t>(sample) * 2;
}

StorageResult<WavFile> WavFile::Create(FileLayer& files, std::string_view name) {
  auto file = files.Open(name, FileLayer::Mode::kCreate);
  if (!file) return std::unexpected(file.error());
  WavFile wav(*std::move(file), !files.append_only());
  if (auto written = wav.Checkpoint(); !written) {
    wav.file_.reset();
    if (written.error() == StorageError::kNoSpace) (void)files.Remove(name);
    return std::unexpected(written.error());
  }
  return wav;
}

StorageResult<void> WavFile::Append(std::span<const int16_t> pcm) {
  auto written = file_->WriteAt(ByteOf(samples_), {reinterpret_cast<const uint8_t*>(pcm.data()), pcm.size_bytes()});
  if (written) samples_ += static_cast<int64_t>(pcm.size());
  overhangs_ = !written;
  return written;
}

StorageResult<void> WavFile::Checkpoint() {
  if (auto synced = file_->Sync(); !synced || !has_header_) return synced;
  if (auto written = file_->WriteAt(0, MakeHeader(static_cast<uint32_t>(samples_ * 2))); !written) return written;
  return file_->Sync();
}

StorageResult<void> WavFile::Complete(int64_t samples) {
  overhangs_ = overhangs_ || samples < samples_;
  samples_ = std::min(samples, samples_);
  if (auto promised = Checkpoint(); !promised || !overhangs_) return promised;
  if (auto cut = file_->Truncate(ByteOf(samples_)); !cut) return cut;
  return file_->Sync();
}

StorageResult<WavCondition> RepairWav(File& file) {
  const auto size = file.Size();
  if (!size) return std::unexpected(size.error());
  if (*size < WavFile::kHeaderBytes + 2) return WavCondition::kHopeless;
  const auto data_bytes = static_cast<uint32_t>(std::min<uint64_t>(*size - WavFile::kHeaderBytes, 0xFFFFF000u) & ~1ull);
  const Header wanted = MakeHeader(data_bytes);
  Header found;
  const auto read = file.ReadAt(0, found);
  if (!read) return std::unexpected(read.error());
  if (found == wanted && *size == WavFile::kHeaderBytes + data_bytes) return WavCondition::kWhole;
  const auto same = [&](uint32_t at) { return std::memcmp(&found[at], &wanted[at], 4) == 0; };
  // A WAV of another layout has been through somebody's editor since.
  if (same(0) && !(same(kJunkAt) && same(kDataAt))) return WavCondition::kWhole;
  if (auto cut = file.Truncate(WavFile::kHeaderBytes + data_bytes); !cut) return std::unexpected(cut.error());
  if (auto written = file.WriteAt(0, wanted); !written) return std::unexpected(written.error());
  if (auto synced = file.Sync(); !synced) return std::unexpected(synced.error());
  return WavCondition::kRepaired;
}

namespace {

/// Samples alone, read as a WAV.
class HeaderedFile : public File {
 public:
  explicit HeaderedFile(std::unique_ptr<File> samples) : samples_(std::move(samples)) {}

  StorageResult<void> WriteAt(uint64_t, std::span<const uint8_t>) override {
    return std::unexpected(StorageError::kReadOnly);
  }
  StorageResult<size_t> ReadAt(uint64_t position, std::span<uint8_t> bytes) override {
    size_t from_header = 0;
    if (position < WavFile::kHeaderBytes) {
      const auto size = samples_->Size();
      if (!size) return std::unexpected(size.error());
      const Header header = MakeHeader(static_cast<uint32_t>(*size & ~uint64_t{1}));
      from_header = std::min<size_t>(bytes.size(), WavFile::kHeaderBytes - static_cast<size_t>(position));
      std::copy_n(header.begin() + static_cast<ptrdiff_t>(position), from_header, bytes.begin());
    }
    if (from_header == bytes.size()) return from_header;
    const auto read = samples_->ReadAt(position + from_header - WavFile::kHeaderBytes, bytes.subspan(from_header));
    if (!read) return read;
    return from_header + *read;
  }
  StorageResult<uint64_t> Size() override {
    const auto size = samples_->Size();
    if (!size) return size;
    return WavFile::kHeaderBytes + (*size & ~uint64_t{1});
  }
  StorageResult<void> Truncate(uint64_t) override { return std::unexpected(StorageError::kReadOnly); }
  StorageResult<void> Sync() override { return {}; }

 private:
  std::unique_ptr<File> samples_;
};

}  // namespace

StorageResult<std::unique_ptr<File>> OpenWav(FileLayer& files, std::string_view name) {
  auto file = files.Open(name, FileLayer::Mode::kRead);
  if (!file || !files.append_only()) return file;
  return std::make_unique<HeaderedFile>(*std::move(file));
}

}  // namespace clip_store

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "clip_store/storage.h"

namespace clip_store {

/// A growing WAV file, 16 kHz mono 16-bit PCM, that a power cut at any byte leaves playable.
///
/// The header fills one sector (a JUNK chunk pads it), samples begin at byte 512: no write of samples ever touches the
/// header's sector. The header is on the medium before the first sample, and always promises samples that are there: it
/// grows only after they were synced. A header torn within a size field promises fewer samples than either, because
/// sizes only grow and are stored low byte first. Where nothing can be written again there is no header on the medium:
/// OpenWav() makes it.
class WavFile {
 public:
  static constexpr uint32_t kHeaderBytes = 512;

  /// Makes an empty WAV, in place of a file of that name.
  static StorageResult<WavFile> Create(FileLayer& files, std::string_view name);

  /// Adds samples. After an error nothing was added, and the call may be repeated.
  StorageResult<void> Append(std::span<const int16_t> pcm);

  /// Makes the header promise all samples added so far.
  StorageResult<void> Checkpoint();

  /// Keeps the first `samples` samples at most, and makes header and length agree.
  StorageResult<void> Complete(int64_t samples);

  int64_t samples() const { return samples_; }

 private:
  WavFile(std::unique_ptr<File> file, bool has_header) : file_(std::move(file)), has_header_(has_header) {}
  uint64_t ByteOf(int64_t sample) const;

  std::unique_ptr<File> file_;
  bool has_header_;
  int64_t samples_ = 0;
  bool overhangs_ = false;  ///< A failed Append() may have left something behind the samples.
};

/// What a power cut left of a clip.
enum class WavCondition {
  kWhole,     ///< Nothing had to be done.
  kRepaired,  ///< The header now promises all that is there.
  kHopeless,  ///< No sample was ever stored: the file is to be removed.
};

/// Makes the header of a file that WavFile wrote agree with its length.
StorageResult<WavCondition> RepairWav(File& file);

/// Opens what WavFile wrote for reading, as a WAV with its header.
StorageResult<std::unique_ptr<File>> OpenWav(FileLayer& files, std::string_view name);

/// How long a file of this length is when OpenWav() reads it.
inline uint64_t WavBytes(const FileLayer& files, uint64_t stored) {
  return files.append_only() ? WavFile::kHeaderBytes + stored : stored;
}

}  // namespace clip_store

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/lock.h"
#include "clip_store/clip_reader.h"
#include "device_api/http.h"

namespace device_api {

/// A clip's waveform: the lowest and the highest sample of equal parts, in 128ths of full scale.
struct Peaks {
  static constexpr size_t kMostParts = 400;

  uint64_t samples;
  std::vector<int8_t> low;
  std::vector<int8_t> high;

  std::string Json() const;
};

/// Waveforms of the clips that somebody looked at lately, so that each is computed once. From any task.
class PeakCache {
 public:
  explicit PeakCache(std::unique_ptr<base::Lock> lock) : lock_(std::move(lock)) {}

  std::optional<Peaks> Find(const std::string& clip) const;
  void Keep(const std::string& clip, Peaks peaks);

 private:
  static constexpr size_t kMost = 8;
  struct Entry {
    std::string clip;
    Peaks peaks;
  };

  std::unique_ptr<base::Lock> lock_;
  std::vector<Entry> entries_;  ///< The oldest first.
};

/// The JSON of a clip's waveform, once it is computed.
/// @param cache  takes the waveform; outlives the stream.
std::unique_ptr<Stream> PeakStream(const std::string& clip, std::unique_ptr<clip_store::ClipReader> reader,
                                   PeakCache& cache);

}  // namespace device_api

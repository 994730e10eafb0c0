// SPDX-License-Identifier: Apache-2.0
// Bodies that come while the device listens. None waits, and none holds a lock longer than a copy takes.
#pragma once

#include <memory>
#include <string>

#include "clip_store/clip_reader.h"
#include "device_api/http.h"
#include "device_api/score_feed.h"
#include "listening/device.h"

namespace device_api {

struct ScoreWish {
  static constexpr int kMost = 20;  ///< Classes of a patch.
  size_t most_classes;
  float least;        ///< Probability.
  double per_second;  ///< Patches at most.
  bool mel;           ///< With the strip of the spectrogram.
};

/// Server-sent events "scores", one a patch, and "state": at once, when it has changed, and as a sign of life.
std::unique_ptr<Stream> ScoreStream(listening::Device& device, const ScoreFeed& feed, const ScoreWish& wish);

/// Server-sent events "event", one a journal line, its id made of the line's id and kind.
/// @param after  the id of the last one that a client has seen; those since then come first. Empty: from now on.
std::unique_ptr<Stream> EventStream(listening::Device& device, std::string after);

/// A WAV without end, from now on. Who does not take it in time is given up.
std::unique_ptr<Stream> AudioStream(const listening::Device& device, const clip_store::SampleRing& ring);

/// `count` bytes of a clip.
std::unique_ptr<Stream> ClipStream(std::unique_ptr<clip_store::ClipReader> reader, uint64_t first, uint64_t count);

/// The JSON of a clip's size and SHA-256, once all of it is read.
std::unique_ptr<Stream> ClipDigestStream(std::unique_ptr<clip_store::ClipReader> reader);

}  // namespace device_api

// SPDX-License-Identifier: Apache-2.0
// A clip store with all that it needs: a ring that hears a ramp, a queue, a clock.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "check.h"
#include "clip_store/clip_store.h"
#include "clip_store/event_line.h"
#include "host_lock.h"

namespace native_tests {

/// The sample at a position of the stream: a ramp, so that a clip's content tells where it was cut from.
inline int16_t SampleAt(int64_t position) { return static_cast<int16_t>(position & 0xFFFF); }

struct FixedClock : clip_store::Clock {
  std::optional<int64_t> utc_of_start_ms;
  clip_store::EventTime TimeOf(int64_t sample) const override {
    const int64_t ms = sample / 16;
    return {.uptime_ms = 5000 + ms, .utc_ms = utc_of_start_ms ? std::optional(*utc_of_start_ms + ms) : std::nullopt};
  }
};

inline sound_events::Event MakeEvent(sound_events::EventKind kind, uint32_t sequence, int64_t start, int64_t end) {
  sound_events::Event event{};
  event.kind = kind;
  event.reason =
      kind == sound_events::EventKind::kEnd ? sound_events::EndReason::kQuiet : sound_events::EndReason::kNone;
  event.sequence = sequence;
  std::memcpy(event.name.data(), "baby", 5);
  event.start_sample = start;
  event.end_sample = end;
  event.peak = event.mean = sound_events::kOne / 2;
  event.patches = 3;
  event.level = -2000;
  event.floor = -6000;
  event.top.Offer({.index = 20, .peak = sound_events::kOne / 2});
  return event;
}

class Bench {
 public:
  static constexpr int64_t kBlock = 800;

  Bench(const clip_store::ClipStoreSpec& spec, std::vector<clip_store::Volume*> volumes, int64_t ring_samples = 48000)
      : memory_(static_cast<size_t>(ring_samples)),
        ring(memory_),
        volumes_(std::move(volumes)),
        store(spec, ring, events, volumes_, clock, MakeHostLock) {}

  /// Hears the ramp up to this position, 50 ms at a time.
  void HearTo(int64_t position, bool service = true) {
    std::vector<int16_t> block(kBlock);
    while (heard_ < position) {
      for (int64_t i = 0; i < kBlock; ++i) block[static_cast<size_t>(i)] = SampleAt(heard_ + i);
      ring.Write(heard_, block);
      heard_ += kBlock;
      if (service) store.Service(heard_ / 16);
    }
  }

  void Start(uint32_t sequence, int64_t start) {
    events.Push(MakeEvent(sound_events::EventKind::kStart, sequence, start, start + 15600));
  }
  void End(uint32_t sequence, int64_t start, int64_t end) {
    events.Push(MakeEvent(sound_events::EventKind::kEnd, sequence, start, end));
  }

  int64_t heard() const { return heard_; }

 private:
  std::vector<int16_t> memory_;
  int64_t heard_ = 0;

 public:
  FixedClock clock;
  clip_store::SampleRing ring;
  clip_store::EventQueue events;

 private:
  std::vector<clip_store::Volume*> volumes_;

 public:
  clip_store::ClipStore store;
};

inline uint32_t Get32(const std::vector<uint8_t>& bytes, size_t at) {
  return bytes[at] | uint32_t{bytes[at + 1]} << 8 | uint32_t{bytes[at + 2]} << 16 | uint32_t{bytes[at + 3]} << 24;
}

inline std::vector<int16_t> SamplesIn(const std::vector<uint8_t>& wav) {
  CHECK(wav.size() >= 512 && wav.size() % 2 == 0);
  std::vector<int16_t> samples((wav.size() - 512) / 2);
  if (!samples.empty()) std::memcpy(samples.data(), wav.data() + 512, samples.size() * 2);
  return samples;
}

/// Whether the header promises just what is there.
inline bool IsWholeWav(const std::vector<uint8_t>& wav) {
  return wav.size() >= 512 && std::memcmp(wav.data(), "RIFF", 4) == 0 && Get32(wav, 4) == wav.size() - 8 &&
         std::memcmp(&wav[504], "data", 4) == 0 && Get32(wav, 508) == wav.size() - 512;
}

inline std::vector<std::string> LinesOn(clip_store::FileLayer& files) {
  std::vector<std::string> lines;
  const auto read = clip_store::Journal::Read(files, [&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  });
  CHECK(read.has_value());
  return lines;
}

}  // namespace native_tests

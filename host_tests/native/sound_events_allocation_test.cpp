// SPDX-License-Identifier: Apache-2.0
// What the audio path calls allocates nothing: levels, noise floor, detector, pre-roll ring and event queue.
#include <cstdio>
#include <string>
#include <vector>

#include "allocation_counter.h"
#include "check.h"
#include "clip_store/event_queue.h"
#include "clip_store/sample_ring.h"
#include "sound_events/event_detector.h"
#include "sound_events/level_stream.h"

int main() {
  std::vector<std::string> names;
  for (int index = 0; index < 521; ++index) names.push_back("class " + std::to_string(index));
  std::string json = R"({"schema":1,"rules":[)";
  for (int rule = 0; rule < 32; ++rule) {
    json += (rule ? ",{" : "{");
    json += R"("name":"rule)" + std::to_string(rule) + R"(","classes":[)" + std::to_string(rule) +
            R"(],"combine":"noisy-or","on":0.5,"off":0.4,"hold_s":0,"update_s":0.5,"gap":"end"})";
  }
  auto rules = sound_events::RuleSet::Parse(json + "]}", names);
  CHECK(rules.has_value(), "%s", rules.error().Text().c_str());
  auto detector =
      sound_events::EventDetector::Create(*std::move(rules), {.scale = 1.0f / 256, .zero_point = -128, .classes = 521});
  auto floor = sound_events::NoiseFloor::Create({});
  CHECK(detector.has_value() && floor.has_value());
  sound_events::LevelStream levels(*floor);
  std::vector<int16_t> memory(16000);
  clip_store::SampleRing ring(memory);
  auto patterns = sound_events::PatternStream::Create(0.3f);
  CHECK(patterns.has_value());
  std::vector<int8_t> frames(96 * 64);
  clip_store::EventQueue queue;
  std::vector<int16_t> pcm(1000);
  std::vector<int8_t> scores(521);

  const size_t before = native_tests::allocation_count;
  size_t events = 0;
  size_t patches = 0;
  int64_t position = 0;
  for (int block = 0; block < 20000; ++block) {
    for (size_t i = 0; i < pcm.size(); ++i) pcm[i] = static_cast<int16_t>((position + static_cast<int64_t>(i)) * 7919);
    ring.Write(position, pcm);
    levels.Feed(pcm, [&](const sound_events::PatchLevel& level) {
      ++patches;
      for (size_t i = 0; i < scores.size(); ++i) scores[i] = static_cast<int8_t>(patches / 3 * 37 + i * 11);
      for (size_t i = 0; i < frames.size(); ++i) frames[i] = static_cast<int8_t>(patches * 31 + i * i);
      const auto told = detector->Process({.scores = scores,
                                           .start_sample = level.start_sample,
                                           .level = level.level,
                                           .floor = level.floor,
                                           .patterns = patterns->Take(frames, level.start_sample)});
      CHECK(told.has_value());
      for (const sound_events::Event& event : *told) queue.Push(event);
      events += told->size();
    });
    position += static_cast<int64_t>(pcm.size());
    if (block % 500 == 499) {
      position += 5000;
      levels.Reset(position);
    }
  }
  events += detector->Finish().size();
  const size_t allocations = native_tests::allocation_count - before;
  std::printf("%zu patches, %zu events, %zu allocations while listening, %zu before\n", patches, events, allocations,
              before);
  CHECK(patches > 2000 && events > 1000 && before > 0 && queue.dropped() > 0);
  CHECK(allocations == 0, "%zu", allocations);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
/// Rhythms of tones in made-up log-mel frames: what is found, and what is not.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "sound_events/event_detector.h"
#include "sound_events/pattern_stream.h"

namespace {

constexpr int kBands = 64;
constexpr int kPatchFrames = 96;
constexpr int kHop = 48;

/// Whether a tone is there in a frame of 10 ms.
using Rhythm = bool (*)(int frame);

bool T3(int frame) { return frame % 400 < 300 && frame % 100 < 50; }
bool T4(int frame) { return frame % 570 < 80 && frame % 20 < 10; }
bool Reversing(int frame) { return frame % 100 < 50; }
bool TwoOfThree(int frame) { return frame % 400 < 200 && frame % 100 < 50; }
bool Steady(int) { return true; }

/// The greatest strengths in `seconds` of noise with a tone that begins after 2 s.
std::array<int, 2> Hear(Rhythm rhythm, int band, int steps_above, int seconds, uint32_t seed) {
  std::mt19937 random(seed);
  const int frames = seconds * 100;
  std::vector<int8_t> values(static_cast<size_t>(frames) * kBands);
  for (int frame = 0; frame < frames; ++frame) {
    for (int i = 0; i < kBands; ++i)
      values[static_cast<size_t>(frame) * kBands + i] = static_cast<int8_t>(static_cast<int>(random() % 31) - 15);
    if (frame >= 200 && rhythm(frame - 200))
      values[static_cast<size_t>(frame) * kBands + band] = static_cast<int8_t>(steps_above);
  }
  auto stream = *sound_events::PatternStream::Create(0.327f);
  std::array<int, 2> most{0, 0};
  for (int first = 0; first + kPatchFrames <= frames; first += kHop) {
    const auto heard = stream.Take({&values[static_cast<size_t>(first) * kBands], kPatchFrames * kBands}, first * 160);
    for (size_t i = 0; i < most.size(); ++i) most[i] = std::max<int>(most[i], heard[i]);
  }
  return most;
}

/// Which of eight patches begin an event by a rule with class 0 and T3, the network hearing `score` all the time.
std::string Begins(const char* fields, int8_t score, uint8_t strength) {
  const std::vector<std::string> names{"Beep", "Music"};
  const auto rules = sound_events::RuleSet::Parse(
      std::string(R"({"schema":1,"rules":[{"name":"smoke","on":0.4,"off":0.2,"patches":{"need":3,"of":4},)") + fields +
          "}]}",
      names);
  CHECK(rules.has_value(), "%s", rules.error().Text().c_str());
  auto detector = *sound_events::EventDetector::Create(*rules, {.scale = 1.0f / 256, .zero_point = -128, .classes = 2});
  std::string begun;
  for (int patch = 0; patch < 8; ++patch) {
    const std::array<int8_t, 2> scores{score, 60};
    sound_events::PatternStrengths patterns{};
    if (patch >= 4) patterns[0] = strength;
    const auto told = detector.Process(
        {.scores = scores, .start_sample = patch * 7680, .level = -3000, .floor = -6000, .patterns = patterns});
    CHECK(told.has_value());
    begun +=
        std::ranges::any_of(*told, [](const auto& e) { return e.kind == sound_events::EventKind::kStart; }) ? '1' : '0';
  }
  return begun;
}

void RulesHearPatterns() {
  constexpr int8_t kNothing = -128;
  constexpr int8_t kSurely = 100;
  CHECK(Begins(R"("pattern":{"kind":"t3"})", kNothing, 255) == "00001000");
  CHECK(Begins(R"("pattern":{"kind":"t4"})", kNothing, 255) == "00000000");
  CHECK(Begins(R"("pattern":{"kind":"t3","weight":0.3})", kNothing, 255) == "00000000");
  CHECK(Begins(R"("classes":["Beep"],"pattern":{"kind":"t3"})", kSurely, 0) == "00100000");
  CHECK(Begins(R"("classes":["Beep"],"suppress":["Music"],"pattern":{"kind":"t3"})", -100, 255) == "00001000");
  CHECK(Begins(R"("classes":["Beep"],"pattern":{"kind":"t3","required":true})", kSurely, 127) == "00000000");
  CHECK(Begins(R"("classes":["Beep"],"pattern":{"kind":"t3","required":true})", kSurely, 200) == "00001000");
  const std::vector<std::string> names{"Beep"};
  const auto refused = sound_events::RuleSet::Parse(
      R"({"schema":1,"rules":[{"name":"a","on":0.4,"off":0.2,"pattern":{"kind":"t5"}}]})", names);
  CHECK(!refused.has_value() && refused.error().Text().find("/rules/0/pattern/kind") != std::string::npos);
}

}  // namespace

int main() {
  RulesHearPatterns();
  CHECK(!sound_events::PatternStream::Create(0.0f).has_value());
  for (const int band : {7, 20, 35, 48}) {
    for (const uint32_t seed : {1u, 2u, 3u}) {
      const auto smoke = Hear(T3, band, 40, 14, seed);
      CHECK(smoke[0] >= 200 && smoke[1] < 128, "band %d: %d %d", band, smoke[0], smoke[1]);
      const auto gas = Hear(T4, band, 40, 16, seed);
      CHECK(gas[1] >= 200 && gas[0] < 128, "band %d: %d %d", band, gas[0], gas[1]);
      for (const Rhythm other : {Reversing, TwoOfThree, Steady}) {
        const auto heard = Hear(other, band, 40, 20, seed);
        CHECK(heard[0] < 128 && heard[1] < 128, "band %d: %d %d", band, heard[0], heard[1]);
      }
    }
  }
  CHECK(Hear(T3, 20, 40, 8, 1)[0] == 0, "one group is no rhythm");
  std::printf("patterns: all as they should be\n");
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Runs the event detector, or the level stream, over so many patches; run.py counts the instructions.
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "sound_events/event_detector.h"
#include "sound_events/level_stream.h"
#include "sound_events/pattern_stream.h"

namespace {

constexpr size_t kClasses = 521;
constexpr int64_t kHop = 7680;

std::string Classes(int rule, int count, int step, int first, const char* weight) {
  std::string list = "[";
  for (int k = 0; k < count; ++k) {
    if (k > 0) list += ',';
    list += R"({"class":)" + std::to_string((first + rule * step + k) % kClasses) + R"(,"weight":)" + weight + "}";
  }
  return list + "]";
}

/// 32 rules with everything a rule can have.
std::string ManyRules(int classes, int suppressors) {
  std::string json = R"({"schema":1,"rules":[)";
  for (int rule = 0; rule < 32; ++rule) {
    if (rule > 0) json += ',';
    json += R"({"name":"rule)" + std::to_string(rule) + R"(","classes":)" + Classes(rule, classes, 37, 0, "0.9") +
            R"(,"combine":"noisy-or","suppress":)" + Classes(rule, suppressors, 11, 300, "0.01") +
            R"(,"on":0.5,"off":0.02,"patches":{"need":2,"of":4},"lasting":{"on":0.4,"patches":{"need":6,"of":10}},)"
            R"("hold_s":1,"update_s":5,"level":{"min_dbfs":-80,"above_floor_db":3},"quiet_hours":[{"from":"01:00",)"
            R"("to":"02:00"}],"floor":{"reference_dbfs":-60,"threshold_per_db":0.001,"limit":0.01},"yields":true})";
  }
  return json + "]}";
}

int Detect(int classes, int suppressors, int patches) {
  std::vector<std::string> names(kClasses);
  auto rules = sound_events::RuleSet::Parse(ManyRules(classes, suppressors), names);
  if (!rules) return std::fprintf(stderr, "%s\n", rules.error().Text().c_str()), 1;
  auto detector = sound_events::EventDetector::Create(*std::move(rules),
                                                      {.scale = 1.0f / 256, .zero_point = -128, .classes = kClasses});
  if (!detector) return 1;
  std::mt19937 random(1);
  std::vector<int8_t> scores(64 * kClasses);
  for (int8_t& score : scores)
    score = static_cast<int8_t>(-128 + static_cast<int>(random() % 256) * (random() % 8 == 0));
  size_t events = 0;
  for (int patch = 0; patch < patches; ++patch) {
    const auto told = detector->Process({.scores = {&scores[patch % 64 * kClasses], kClasses},
                                         .start_sample = patch * kHop,
                                         .level = -3000,
                                         .floor = -6000,
                                         .minute_of_day = 600});
    events += told->size();
  }
  std::printf("%zu events\n", events);
  return 0;
}

int Listen(int patches) {
  auto floor = sound_events::NoiseFloor::Create({});
  if (!floor) return 1;
  sound_events::LevelStream levels(*floor);
  std::vector<int16_t> pcm(kHop);
  for (size_t i = 0; i < pcm.size(); ++i) pcm[i] = static_cast<int16_t>(i * 7919);
  int64_t sum = 0;
  for (int patch = 0; patch < patches; ++patch)
    levels.Feed(pcm, [&](const sound_events::PatchLevel& level) { sum += level.level; });
  std::printf("%lld\n", static_cast<long long>(sum));
  return 0;
}

/// The worst that frames can be: every band has the rhythm, so that nothing is passed over.
int Rhythm(int patches) {
  auto patterns = sound_events::PatternStream::Create(0.327f);
  if (!patterns) return 1;
  std::vector<int8_t> frames(96 * 64);
  int64_t sum = 0;
  for (int patch = 0; patch < patches; ++patch) {
    for (int frame = 0; frame < 96; ++frame) {
      const int step = (patch * 48 + frame) % 400;
      const bool tone = step < 300 && step % 100 < 50;
      for (int band = 0; band < 64; ++band)
        frames[frame * 64 + band] = static_cast<int8_t>(tone && band % 8 < 4 ? 60 + band % 4 * 9 : -60);
    }
    for (const uint8_t strength : patterns->Take(frames, patch * kHop)) sum += strength;
  }
  std::printf("%lld\n", static_cast<long long>(sum));
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 5 && std::string_view(arguments[1]) == "detect")
    return Detect(std::atoi(arguments[2]), std::atoi(arguments[3]), std::atoi(arguments[4]));
  if (count == 3 && std::string_view(arguments[1]) == "levels") return Listen(std::atoi(arguments[2]));
  if (count == 3 && std::string_view(arguments[1]) == "patterns") return Rhythm(std::atoi(arguments[2]));
  std::fprintf(stderr, "usage: detect CLASSES SUPPRESSORS PATCHES | levels PATCHES | patterns PATCHES\n");
  return 2;
}

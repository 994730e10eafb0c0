// SPDX-License-Identifier: Apache-2.0
// Scores made by hand through a rule: which of them become an event. It prints the same on chip and PC.
#include <array>
#include <cinttypes>
#include <cstdio>
#include <string>

#include "sound_events/event_detector.h"
#include "sound_events/rule_set.h"

namespace {

constexpr char kRules[] = R"({"schema": 1, "rules": [
  {"name": "bark", "classes": ["Dog"], "on": 0.5, "off": 0.3, "patches": {"need": 2, "of": 3}, "hold_s": 1}]})";
constexpr int64_t kHop = 7680;  // samples between patches: 0.48 s at 16 kHz

void Print(std::span<const sound_events::Event> events) {
  for (const sound_events::Event& event : events) {
    std::printf("%s %s %" PRIu32 ": samples %" PRId64 " to %" PRId64 ", %" PRIu32 " patches\n", event.name.data(),
                sound_events::EventKindName(event.kind).data(), event.sequence, event.start_sample, event.end_sample,
                event.patches);
  }
}

int Run() {
  const std::array<std::string, 3> classes{"Speech", "Dog", "Glass"};
  auto rules = sound_events::RuleSet::Parse(kRules, classes);
  if (!rules) {
    std::printf("%s\n", rules.error().Text().c_str());
    return 1;
  }
  auto detector = sound_events::EventDetector::Create(
      *std::move(rules), {.scale = 1.0f / 256, .zero_point = -128, .classes = classes.size()});
  if (!detector) {
    std::printf("%s\n", detector.error().Text().c_str());
    return 1;
  }
  int64_t start = 0;
  for (const int percent : {5, 80, 10, 5, 5, 5, 70, 90, 60, 40, 5, 5, 5, 5}) {
    const std::array<int8_t, 3> scores{-128, static_cast<int8_t>(percent * 256 / 100 - 128), -128};
    const auto told = detector->Process({.scores = scores, .start_sample = start, .level = -2000, .floor = -6000});
    if (!told) return 1;
    Print(*told);
    start += kHop;
  }
  Print(detector->Finish());
  return 0;
}

}  // namespace

#ifdef ESP_PLATFORM
extern "C" void app_main() { Run(); }
#else
int main() { return Run(); }
#endif

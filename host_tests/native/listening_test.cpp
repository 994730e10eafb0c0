// SPDX-License-Identifier: Apache-2.0
// The parts of a listening::Device one by one; the whole is tested as the simulated device.
#include <cstring>

#include "check.h"
#include "fake_services.h"
#include "listening/boot_record.h"
#include "listening/boot_sequence.h"
#include "listening/event_watch.h"
#include "listening/health.h"
#include "listening/rule_service.h"
#include "listening/sample_clock.h"

namespace {

using listening::BootSequence;
using listening::Health;
using listening::HealthVerdict;

constexpr int64_t kSecondUs = 1'000'000;
constexpr size_t kClasses = 3;

std::string Document(const std::string& name, size_t bytes = 0) {
  std::string text = R"({"schema": 1, "rules": [{"name": ")" + name + R"(", "level": {"min_dbfs": -100}}]})";
  text.resize(std::max(bytes, text.size()), ' ');
  return text;
}

// --- Boot

void AStepThatCanRecoverIsTriedAgainWithLongerPausesAndThenWhatNeedsItRuns() {
  FakeServices services;
  BootSequence boot(services);
  int attempts = 0;
  std::vector<int64_t> at_s;
  bool works = false;
  const auto step = [&]() -> BootSequence::Result {
    ++attempts;
    at_s.push_back(services.now_us / kSecondUs);
    if (works) return "open";
    return std::unexpected("no answer");
  };
  boot.Run("audio", "", step, BootSequence::Recovers::kMay);
  boot.Run("clips", "audio", []() -> BootSequence::Result { return ""; });
  boot.Finish();
  CHECK(!boot.ready());
  CHECK(boot.WhyNot("clips") == "audio: no answer; tried 1 times, again in 1 s");
  for (int s = 1; s <= 200; ++s) {
    services.now_us = s * kSecondUs;
    boot.Retry();
  }
  CHECK((at_s == std::vector<int64_t>{0, 1, 3, 7, 15, 31, 63, 123, 183}));
  CHECK(!boot.ok("clips"));
  works = true;
  for (int s = 201; s <= 300; ++s) {
    services.now_us = s * kSecondUs;
    boot.Retry();
  }
  CHECK(attempts == 10);
  CHECK(boot.ready());
  CHECK(boot.ok("clips"));
  CHECK(boot.steps()[0].message == "open, at attempt 10");
  CHECK(services.Logged("audio: 0 ms, open, at attempt 10"));
}

void AStepThatCannotRecoverIsTriedOnce() {
  FakeServices services;
  BootSequence boot(services);
  int attempts = 0;
  boot.Run("model", "", [&]() -> BootSequence::Result {
    ++attempts;
    return std::unexpected("damaged");
  });
  for (int s = 1; s <= 100; ++s) {
    services.now_us = s * kSecondUs;
    boot.Retry();
  }
  CHECK(attempts == 1);
  CHECK(boot.steps()[0].message == "damaged");
}

void ThereIsRoomForAnyNumberOfSteps() {
  FakeServices services;
  BootSequence boot(services);
  for (int i = 0; i < 100; ++i) {
    boot.Run("step " + std::to_string(i), "", []() -> BootSequence::Result { return ""; });
  }
  boot.Finish();
  CHECK(boot.steps().size() == 100);
  CHECK(boot.ready());
}

void BootsAreCountedOverDamageAndNeverFall() {
  FakeServices services;
  CHECK(listening::CountBoot(services, {"power-on", listening::ResetKind::kWanted})->count == 1);
  auto record = *listening::CountBoot(services, {"panic", listening::ResetKind::kCrash});
  CHECK(record.count == 2 && record.panics == 1 && record.brownouts == 0);
  CHECK((record.history == std::vector<std::string>{"power-on", "panic"}));
  CHECK(listening::RaiseBootCount(services, record, 58).has_value());
  CHECK(listening::RaiseBootCount(services, record, 12).has_value());
  record = *listening::CountBoot(services, {"brown-out", listening::ResetKind::kBrownout});
  CHECK(record.count == 59 && record.panics == 1 && record.brownouts == 1);
  for (int i = 0; i < 20; ++i) record = *listening::CountBoot(services, {std::string(100, 'x'), {}});
  CHECK(record.history.size() == 8 && record.count == 79);
  services.values["boot/record"][5] ^= 1;
  CHECK(listening::CountBoot(services, {"software", {}})->count == 1);
  services.room = 0;
  CHECK(!listening::CountBoot(services, {"software", {}}));
}

// --- Rules

struct Rules {
  Rules() : rules(services, {"a", "b", "c"}) {
    auto loaded = rules.Load();
    auto detector = sound_events::EventDetector::Create(std::move(loaded),
                                                        {.scale = 1.0f / 256, .zero_point = -128, .classes = kClasses});
    watch.emplace(services, *std::move(detector), *sound_events::NoiseFloor::Create({}),
                  *sound_events::PatternStream::Create(0.3f));
    rules.Serve(*watch);
  }

  FakeServices services;
  listening::RuleService rules;
  std::optional<listening::EventWatch> watch;
};

void ADocumentOfTheLargestSizeIsReplacedByAnother() {
  Rules bench;
  for (const char* name : {"first", "second", "third"}) {
    const std::string document = Document(name, sound_events::RuleSet::kMaxDocumentBytes);
    CHECK(bench.rules.Set(document) == size_t{1});
    CHECK(bench.rules.document() == document);
    CHECK(bench.watch->state().rules[0].name == name);
  }
  const auto refused = bench.rules.Set(Document("fourth", sound_events::RuleSet::kMaxDocumentBytes + 1));
  CHECK(!refused && refused.error().code == listening::ErrorCode::kRefused);
  CHECK(bench.watch->state().rules[0].name == "third");
}

void AStoredDocumentThatIsRefusedMakesRoomForANewOne() {
  FakeServices services;
  const std::string old = Document("old", 50'000);  // as an older firmware took
  services.values["sound_events/rules"] = {old.begin(), old.end()};
  listening::RuleService rules(services, {"a", "b", "c"});
  const auto loaded = rules.Load();  // the presets' classes are not there, either
  CHECK(!rules.stored());
  CHECK(services.Logged("E rules: the stored rules are refused, the presets run: the rules have 50000 bytes"));
  listening::EventWatch watch(services, *sound_events::EventDetector::Create(loaded, {1.0f / 256, -128, kClasses}),
                              *sound_events::NoiseFloor::Create({}), *sound_events::PatternStream::Create(0.3f));
  rules.Serve(watch);
  CHECK(rules.Set(Document("new", sound_events::RuleSet::kMaxDocumentBytes)) == size_t{1});
  CHECK(rules.stored());
}

void WhatCannotBeStoredDoesNotRun() {
  Rules bench;
  CHECK(bench.rules.Set(Document("good")).has_value());
  bench.services.room = 10;
  const auto failed = bench.rules.Set(Document("other"));
  CHECK(!failed && failed.error().code == listening::ErrorCode::kFailed);
  CHECK(bench.watch->state().rules[0].name == "good");
  CHECK(!bench.services.values["sound_events/rules"].empty());
}

// --- Events

class Witness final : public listening::EventListener {
 public:
  void OnEvent(const sound_events::Event& event) override { told.push_back(event); }
  void OnEnd() override { ended = true; }

  std::vector<sound_events::Event> told;
  bool ended = false;
};

void EverybodyIsToldAndWhatTheDetectorRefusesIsCountedAndSaid() {
  Rules bench;
  CHECK(bench.rules.Set(Document("always")).has_value());
  Witness first;
  Witness second;
  bench.watch->Add(first);
  bench.watch->Add(second);
  const std::vector<int16_t> loud(15'600, 10'000);
  const std::vector<int8_t> values(log_mel::kYamnetSpec.patch_values());
  const std::vector<int8_t> scores(kClasses, -128);
  const sound_model::Quantization quantization{1.0f / 256, -128};
  bench.watch->OnPcm({0, loud});
  bench.watch->OnPatch({0, values, scores, quantization, 0});
  CHECK(first.told.size() == 1 && second.told.size() == 1);
  bench.watch->OnPatch({0, values, scores, quantization, 0});
  CHECK(bench.watch->state().patches_refused == 1);
  CHECK(
      bench.services.Logged("E event: the rules did not see the patch at 0.00 s: it starts before the next one could"));
  bench.watch->OnPatch({160, {}, scores, quantization, 0});
  CHECK(bench.watch->state().patches_refused == 2);
  bench.watch->OnEnd();
  CHECK(first.told.size() == 2 && first.told[1].kind == sound_events::EventKind::kEnd);
  CHECK(first.ended && second.ended);
}

void UtcIsAsFineAsTheClock() {
  FakeServices services;
  listening::SampleClock clock(services);
  services.now_us = 10 * kSecondUs;
  clock.Note(16'000);
  CHECK(clock.TimeOf(16'000).uptime_ms == 10'000);
  CHECK(!clock.TimeOf(0).utc_ms);
  int64_t before = 0;
  for (int64_t step = 0; step < 3000; ++step) {  // what the same sample's time is as the clocks go on
    services.now_us = 10 * kSecondUs + step * 997;
    services.utc_us = 1'800'000'000'250'000 + step * 997;
    const int64_t utc_ms = *clock.TimeOf(16'000).utc_ms;
    CHECK(step == 0 || utc_ms == before);
    before = utc_ms;
  }
  CHECK(before == 1'800'000'000'250);
}

// --- A new firmware

constexpr Health kNoHealth{.model_works = true, .hears = false, .volume = {}};

HealthVerdict::Verdict After(HealthVerdict& verdict, const Health& health, int64_t from_s, int64_t to_s) {
  auto result = HealthVerdict::Verdict::kPending;
  for (int64_t s = from_s; s <= to_s && result == HealthVerdict::Verdict::kPending; ++s) {
    result = verdict.Judge(health, s * 1000);
  }
  return result;
}

void AFirmwareIsKeptWhenItHasBeenAsWellAsTheOneBeforeForAMinute() {
  using enum HealthVerdict::Verdict;
  FakeServices services;
  const Health well{.model_works = true, .hears = true, .volume = "flash"};
  {
    HealthVerdict before(services);
    for (int64_t s = 10; s < 60; ++s) before.Remember(well, s * 1000);
    CHECK(services.values.empty());
    for (int64_t s = 60; s < 80; ++s) before.Remember(well, s * 1000);
    CHECK(services.values.size() == 1);
  }
  HealthVerdict same(services);
  CHECK(After(same, well, 10, 69) == kPending);
  CHECK(After(same, well, 70, 70) == kWell);
  HealthVerdict wavers(services);
  CHECK(After(wavers, well, 10, 60) == kPending);
  CHECK(After(wavers, {.model_works = true, .hears = false, .volume = "flash"}, 61, 62) == kPending);
  CHECK(After(wavers, well, 63, 122) == kPending);
  CHECK(After(wavers, well, 123, 123) == kWell);
  const Health ill[] = {{.model_works = false, .hears = true, .volume = "flash"},
                        {.model_works = true, .hears = false, .volume = "flash"},
                        {.model_works = true, .hears = true, .volume = ""}};
  for (const Health& health : ill) {
    HealthVerdict verdict(services);
    CHECK(After(verdict, health, 0, 299) == kPending);
    CHECK(After(verdict, health, 300, 300) == kIll);
  }
}

void WhatDidNotWorkBeforeIsNotAskedOfANewFirmware() {
  using enum HealthVerdict::Verdict;
  FakeServices services;
  HealthVerdict before(services);
  for (int64_t s = 0; s < 80; ++s) before.Remember(kNoHealth, s * 1000);
  HealthVerdict after(services);
  CHECK(After(after, kNoHealth, 0, 60) == kWell);
  FakeServices new_device;
  HealthVerdict first(new_device);
  CHECK(After(first, kNoHealth, 0, 300) == kIll);
}

}  // namespace

int main() {
  AStepThatCanRecoverIsTriedAgainWithLongerPausesAndThenWhatNeedsItRuns();
  AStepThatCannotRecoverIsTriedOnce();
  ThereIsRoomForAnyNumberOfSteps();
  BootsAreCountedOverDamageAndNeverFall();
  ADocumentOfTheLargestSizeIsReplacedByAnother();
  AStoredDocumentThatIsRefusedMakesRoomForANewOne();
  WhatCannotBeStoredDoesNotRun();
  EverybodyIsToldAndWhatTheDetectorRefusesIsCountedAndSaid();
  UtcIsAsFineAsTheClock();
  AFirmwareIsKeptWhenItHasBeenAsWellAsTheOneBeforeForAMinute();
  WhatDidNotWorkBeforeIsNotAskedOfANewFirmware();
}

// SPDX-License-Identifier: Apache-2.0
// Ids never fall and never repeat, whatever the device's boot count says; and age is by time where it is known.
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "clip_bench.h"
#include "faulty_disk.h"

namespace native_tests {
namespace {

using clip_store::ClipName;
using clip_store::ClipStoreSpec;

constexpr int64_t kUtc = 1795346564480;  // 2026-11-22T11:22:44.480Z

ClipStoreSpec Spec(uint32_t boot, uint32_t max_clips = 1000) {
  ClipStoreSpec spec;
  spec.pre_roll = 2000;
  spec.post_roll = 1500;
  spec.probe_interval_ms = 1000;
  spec.retention = {.max_clips = max_clips, .max_age_s = 0, .min_free_bytes = 0};
  spec.boot_count = boot;
  return spec;
}

void OneEvent(Bench& bench, uint32_t sequence) {
  const int64_t start = bench.heard() + 2400;
  bench.HearTo(start + 4000);
  bench.Start(sequence, start);
  bench.HearTo(start + 8000);
  bench.End(sequence, start, start + 5000);
  bench.HearTo(start + 12000);
}

std::string Field(const std::string& line, const std::string& name) {
  const std::string key = "\"" + name + "\":\"";
  const size_t at = line.find(key) + key.size();
  return line.substr(at, line.find('"', at) - at);
}

/// Each id has one start and one end at most, and they never fall.
void CheckIds(const std::vector<std::string>& lines) {
  std::set<std::string> seen;
  std::string last;
  for (const std::string& line : lines) {
    const std::string id = Field(line, "id");
    CHECK(seen.insert(id + Field(line, "kind")).second, "%s is there twice", id.c_str());
    CHECK(id >= last, "%s after %s", id.c_str(), last.c_str());
    last = id;
  }
}

std::vector<std::string> Ids(Bench& bench) {
  std::vector<std::string> ids;
  for (const auto& clip : bench.store.clips()) ids.push_back(clip.id().Text());
  return ids;
}

/// The issue's: three clips of boot 57, then NVS is erased.
void AfterTheBootCountWasLostTheNewestAreKept(bool dated) {
  FaultyDisk disk;
  {
    Bench bench(Spec(57, 3), {&disk});
    if (dated) bench.clock.utc_of_start_ms = kUtc;
    for (uint32_t sequence = 1; sequence <= 3; ++sequence) OneEvent(bench, sequence);
    CHECK(bench.store.boot() == 57);
  }
  Bench bench(Spec(1, 3), {&disk});
  if (dated) bench.clock.utc_of_start_ms = kUtc + 86400'000;
  for (uint32_t sequence = 1; sequence <= 4; ++sequence) {
    OneEvent(bench, sequence);
    CHECK(bench.store.clips().back().id().sequence == sequence, "the new event has no clip");
  }
  CHECK((Ids(bench) == std::vector<std::string>{"0058-00002", "0058-00003", "0058-00004"}), "%s",
        Ids(bench)[0].c_str());
  CHECK(bench.store.boot() == 58);
  CHECK(LinesOn(disk).size() == 14);
  CheckIds(LinesOn(disk));
  for (const std::string& line : LinesOn(disk)) CHECK(line.find("\"clip\":null") == std::string::npos);
}

void TheJournalsIdsCountToo() {
  FaultyDisk disk;
  {
    Bench bench(Spec(9), {&disk});
    OneEvent(bench, 1);
    CHECK(bench.store.Remove(bench.store.clips()[0].name()).has_value());
  }
  Bench bench(Spec(2), {&disk});
  OneEvent(bench, 1);
  CHECK(Ids(bench).front() == "0010-00001");
  CheckIds(LinesOn(disk));
}

void AnIdIsNotTakenFromAName(const char* name, uint32_t boot) {
  FaultyDisk disk;
  disk.Place(name, std::vector<uint8_t>(1000));
  Bench bench(Spec(3), {&disk});
  bench.HearTo(1600);
  CHECK(bench.store.boot() == boot, "%s: %d", name, static_cast<int>(bench.store.boot()));
}

/// The card is pulled, flash is used, the card comes back, another card comes: ids rise everywhere.
void IdsRiseOnEveryVolumeAndInTheLatestLines() {
  FaultyDisk card("sd");
  FaultyDisk other("sd");
  FaultyDisk flash("flash");
  {
    Bench old(Spec(20), {&other});
    OneEvent(old, 1);
  }
  card.SetPresent(false);
  other.SetPresent(false);
  Bench bench(Spec(5), {&card, &other, &flash});
  std::vector<std::string> told;
  const auto event = [&](uint32_t sequence) {
    OneEvent(bench, sequence);
    const auto latest = bench.store.latest_lines();
    told.insert(told.end(), latest.end() - 2, latest.end());
  };
  const auto plug = [&](FaultyDisk& disk, bool present) {
    disk.SetPresent(present);
    bench.HearTo(bench.heard() + 20000);
  };
  event(1);
  plug(card, true);
  event(2);
  CHECK(bench.store.status().volume == "sd" && bench.store.boot() == 5);
  plug(card, false);
  event(3);
  CHECK(bench.store.status().volume == "flash" && bench.store.boot() == 5, "nobody else has used these meanwhile");
  plug(other, true);
  event(4);
  CHECK(bench.store.boot() == 21);
  plug(other, false);
  event(5);
  plug(card, true);
  event(6);
  CHECK(bench.store.boot() == 21);
  CheckIds(told);
  for (const FaultyDisk* disk : {&card, &other, &flash}) CHECK(disk->Names().size() >= 2);
  bench.store.Close();
  for (FaultyDisk* disk : {&card, &other, &flash}) {
    disk->SetPresent(true);
    if (!disk->mounted()) CHECK(disk->Mount().has_value());
    CheckIds(LinesOn(*disk));
  }
}

void LinesThatWaitGetNewIdsWhereTheirsAreTaken() {
  FaultyDisk card("sd");
  {
    Bench old(Spec(1), {&card});
    OneEvent(old, 1);
    OneEvent(old, 2);
  }
  card.SetPresent(false);
  Bench bench(Spec(1), {&card});
  OneEvent(bench, 1);
  const uint32_t revision = bench.store.lines_revision();
  CHECK(Field(bench.store.latest_lines()[0], "id") == "0001-00001");
  bench.HearTo(bench.heard() + 8000);
  bench.Start(2, bench.heard() - 4000);
  bench.HearTo(bench.heard() + 8000);
  card.SetPresent(true);
  bench.HearTo(bench.heard() + 20000);
  bench.End(2, bench.heard() - 40000, bench.heard() - 8000);
  bench.HearTo(bench.heard() + 8000);
  CHECK(LinesOn(card).size() == 8);
  CheckIds(LinesOn(card));
  const auto lines = LinesOn(card);
  CHECK(bench.store.latest_lines() == std::vector<std::string>(lines.begin() + 4, lines.end()));
  CHECK(bench.store.lines_revision() != revision);
}

void ADeviceThatKnowsTheTimeAgesByIt() {
  const auto name = [](uint32_t boot, uint32_t sequence, std::optional<int64_t> utc_ms) {
    return ClipName::Of({.boot = boot, .sequence = sequence}, {.uptime_ms = 5000, .utc_ms = utc_ms}).Text();
  };
  // What earlier firmware left: ids have fallen after boot 57, and some clips have no date.
  const std::vector<std::string> by_age{name(1, 0, {}),           name(57, 1, kUtc), name(57, 2, {}),
                                        name(1, 1, kUtc + 60000), name(2, 7, {}),    name(58, 1, kUtc + 120000),
                                        name(59, 1, {})};
  FaultyDisk disk;
  for (const auto& each : by_age) disk.Place(each, std::vector<uint8_t>(1000));
  Bench bench(Spec(2), {&disk});
  bench.HearTo(1600);
  std::vector<std::string> found;
  for (const auto& clip : bench.store.clips()) found.push_back(clip.name());
  CHECK(found.size() == by_age.size());
  for (size_t i = 0; i < found.size(); ++i) CHECK(found[i] == by_age[i], "%zu: %s", i, found[i].c_str());
}

/// Dates that a wrong clock has put into the future cost no new event its clip.
void AClipOfTheFutureDoesNotOutliveTheNextEvents() {
  FaultyDisk disk;
  {
    Bench bench(Spec(3, 2), {&disk});
    bench.clock.utc_of_start_ms = kUtc + int64_t{365} * 86400'000;
    OneEvent(bench, 1);
    OneEvent(bench, 2);
  }
  Bench bench(Spec(4, 2), {&disk});
  bench.clock.utc_of_start_ms = kUtc;
  OneEvent(bench, 1);
  OneEvent(bench, 2);
  CHECK((Ids(bench) == std::vector<std::string>{"0004-00001", "0004-00002"}));
}

}  // namespace
}  // namespace native_tests

int main() {
  using namespace native_tests;
  AfterTheBootCountWasLostTheNewestAreKept(false);
  AfterTheBootCountWasLostTheNewestAreKept(true);
  TheJournalsIdsCountToo();
  AnIdIsNotTakenFromAName("boot0090-000000001s_0090-00001.wav", 91);
  AnIdIsNotTakenFromAName("boot4294967295-000000001s_4294967295-00001.wav", 3);
  AnIdIsNotTakenFromAName("20261122T112244Z_0090-00001.wav.bak", 3);
  IdsRiseOnEveryVolumeAndInTheLatestLines();
  LinesThatWaitGetNewIdsWhereTheirsAreTaken();
  ADeviceThatKnowsTheTimeAgesByIt();
  AClipOfTheFutureDoesNotOutliveTheNextEvents();
  return 0;
}

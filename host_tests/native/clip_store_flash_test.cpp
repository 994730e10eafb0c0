// SPDX-License-Identifier: Apache-2.0
// The clip store on NOR flash that loses power. One run with overlapping events, a star, retention and rotation is
// recorded; then it is repeated with the power failing in each of its erases and programs, torn in several ways. What
// had been told before must be there and whole, sample for sample, and the store must go on. After that a device lives
// through starts that each end in a cut at random.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "clip_bench.h"
#include "faulty_disk.h"
#include "nor_flash.h"

namespace native_tests {
namespace {

using clip_store::ClipName;
using clip_store::ClipStoreSpec;
using clip_store::FileLayer;
using clip_store::FlashLog;
using clip_store::StorageError;
using clip_store::VolumeState;

constexpr uint32_t kSectors = 96;
constexpr int64_t kEnd = 170000;
constexpr int kWaysToTear = 6;

ClipStoreSpec Spec(uint32_t boot) {
  ClipStoreSpec spec;
  spec.pre_roll = 2000;
  spec.post_roll = 1500;
  spec.max_clip = 20000;
  spec.header_interval = 4000;
  spec.retention = {.max_clips = 5, .max_age_s = 0, .min_free_bytes = 0};
  spec.journal = {.max_segment_bytes = 2000, .max_segments = 3};
  spec.boot_count = boot;
  return spec;
}

std::vector<uint8_t> ReadAll(FileLayer& files, const std::string& name) {
  auto file = clip_store::OpenWav(files, name);
  CHECK(file.has_value(), "%s", name.c_str());
  std::vector<uint8_t> bytes(static_cast<size_t>((*file)->Size().value()));
  CHECK((*file)->ReadAt(0, bytes) == bytes.size(), "%s", name.c_str());
  return bytes;
}

/// What somebody who watched the store has been told of.
struct Told {
  std::map<std::string, std::vector<int16_t>> clips;  ///< Those that were finished and not removed since.
  std::set<std::string> starred;
  std::vector<std::string> lines;  ///< Those that Append() has returned for.
  uint64_t finished = 0;

  void See(Bench& bench) {
    const auto status = bench.store.status();
    const auto latest = bench.store.latest_lines();
    const size_t fresh = status.lines_written - seen_lines_;
    CHECK(fresh <= latest.size());
    // Lines are written in the order in which they are told, and none waits here.
    lines.insert(lines.end(), latest.end() - static_cast<ptrdiff_t>(fresh), latest.end());
    seen_lines_ = status.lines_written;
    finished += status.clips_written - seen_clips_;
    seen_clips_ = status.clips_written;
    std::set<std::string> there;
    for (const auto& clip : bench.store.clips()) {
      there.insert(clip.name());
      if (clip.name() != status.recording && !clips.contains(clip.name())) clips[clip.name()] = SamplesOf(bench, clip);
      if (clip.starred) starred.insert(clip.name());
    }
    std::erase_if(clips, [&](const auto& each) { return !there.contains(each.first); });
  }

  void Restart() { seen_lines_ = seen_clips_ = 0; }

 private:
  static std::vector<int16_t> SamplesOf(Bench& bench, const clip_store::Clip& clip) {
    auto reader = bench.store.OpenClip(clip.name());
    CHECK(reader.has_value(), "%s", clip.name().c_str());
    std::vector<uint8_t> bytes(static_cast<size_t>((*reader)->size()));
    for (size_t done = 0; done < bytes.size();) done += (*reader)->ReadAt(done, std::span(bytes).subspan(done)).value();
    CHECK(IsWholeWav(bytes) && bytes.size() == clip.bytes, "%s", clip.name().c_str());
    return SamplesIn(bytes);
  }

  uint64_t seen_lines_ = 0;
  uint64_t seen_clips_ = 0;
};

struct Happening {
  int64_t at;
  uint32_t sequence;
  int64_t start;
  int64_t end;  ///< 0 for an event's start.
};

constexpr Happening kHappenings[] = {
    {10000, 1, 6000, 0},    {12000, 2, 9000, 0},         {18000, 1, 6000, 15000}, {21000, 2, 9000, 19000},
    {42000, 3, 40000, 0},   {48000, 3, 40000, 45000},    {62000, 4, 58000, 0},    {100000, 4, 58000, 97000},
    {106000, 5, 104000, 0}, {112000, 5, 104000, 109000}, {122000, 6, 120000, 0},  {128000, 6, 120000, 125000},
    {138000, 7, 136000, 0}, {144000, 7, 136000, 141000}, {154000, 8, 152000, 0},  {160000, 8, 152000, 157000},
};

/// Overlapping events, one longer than a clip may be, a star. Ends early when the power fails.
void Run(NorFlash& flash, uint32_t boot, Told& told) {
  FlashVolume volume(flash);
  Bench bench(Spec(boot), {&volume});
  const auto hear = [&](int64_t to) {
    while (bench.heard() < to && !flash.lost_power()) {
      bench.HearTo(bench.heard() + Bench::kBlock);
      if (!flash.lost_power()) told.See(bench);
    }
    return !flash.lost_power();
  };
  for (const Happening& h : kHappenings) {
    if (!hear(h.at)) return;
    if (h.end == 0) bench.Start(h.sequence, h.start);
    if (h.end != 0) bench.End(h.sequence, h.start, h.end);
    if (h.sequence != 4 || h.end != 0) continue;
    for (const auto& clip : bench.store.clips()) {
      if (clip.id().sequence != 3) continue;
      if (bench.store.Star(clip.name(), true).has_value()) told.starred.insert(clip.name());
      break;
    }
  }
  hear(kEnd);
}

/// Mounts what the cut left, and looks for all that had been told.
void Check(NorFlash& flash, uint32_t boot, const Told& told, const char* what) {
  FlashVolume volume(flash);
  Bench bench(Spec(boot), {&volume});
  bench.HearTo(Bench::kBlock);
  const auto status = bench.store.status();
  CHECK(status.volume == "flash" && status.volumes[0].state == VolumeState::kMounted, "%s: %s", what,
        status.last_error ? std::string(clip_store::StorageErrorName(*status.last_error)).c_str() : "");
  FlashVolume reading(flash);
  FileLayer* const files = *reading.Mount();

  std::set<std::string> there;
  for (const auto& clip : bench.store.clips()) {
    there.insert(clip.name());
    const auto samples = SamplesIn(ReadAll(*files, clip.name()));
    CHECK(!samples.empty(), "%s: %s", what, clip.name().c_str());
    for (size_t i = 1; i < samples.size(); ++i)
      CHECK(samples[i] == static_cast<int16_t>(samples[0] + static_cast<int>(i)), "%s: %s: sample %zu", what,
            clip.name().c_str(), i);
    if (told.starred.contains(clip.name())) CHECK(clip.starred, "%s: %s", what, clip.name().c_str());
  }
  const auto oldest =
      std::ranges::find_if(told.clips, [&](const auto& each) { return !told.starred.contains(each.first); });
  for (const auto& [name, samples] : told.clips) {
    if (!there.contains(name)) {
      // Retention may have been in the middle of removing the oldest.
      CHECK(told.clips.size() == Spec(7).retention.max_clips && name == oldest->first, "%s: %s is lost", what,
            name.c_str());
      continue;
    }
    CHECK(SamplesIn(ReadAll(*files, name)) == samples, "%s: %s is not intact", what, name.c_str());
  }

  const auto lines = LinesOn(*files);
  CHECK(!told.lines.empty() || lines.size() <= 1, "%s", what);
  if (!told.lines.empty()) {
    // Rotation drops the oldest; one line more may have been written than had been told.
    const auto last = std::ranges::find(lines, told.lines.back());
    CHECK(last != lines.end() && lines.end() - last <= 2, "%s: the last line is lost", what);
    const auto kept = std::min<ptrdiff_t>(last - lines.begin() + 1, static_cast<ptrdiff_t>(told.lines.size()));
    CHECK(kept >= std::min<ptrdiff_t>(10, static_cast<ptrdiff_t>(told.lines.size())), "%s: %d lines", what,
          static_cast<int>(kept));
    CHECK(std::equal(last + 1 - kept, last + 1, told.lines.end() - kept), "%s: earlier lines are not intact", what);
  }

  const size_t before = lines.size();
  bench.HearTo(10000);
  bench.Start(1, 8000);
  bench.HearTo(16000);
  bench.End(1, 8000, 13000);
  bench.HearTo(24000);
  const auto after = bench.store.status();
  CHECK(after.clips_written == 1 && after.lines_written == 2, "%s: the store does not go on", what);
  CHECK(bench.store.clips().back().id() == (clip_store::EventId{.boot = bench.store.boot(), .sequence = 1}), "%s",
        what);
  FlashVolume again(flash);
  CHECK(LinesOn(**again.Mount()).size() >= std::min<size_t>(before, 10), "%s", what);
}

void EveryEraseAndProgramMayBeTheLast() {
  NorFlash whole(kSectors);
  Told all;
  Run(whole, 7, all);
  CHECK(all.finished == 7 && all.lines.size() == 16 && all.clips.size() == 5 && all.starred.size() == 1, "%d %d %d %d",
        static_cast<int>(all.finished), static_cast<int>(all.lines.size()), static_cast<int>(all.clips.size()),
        static_cast<int>(all.starred.size()));
  int cuts = 0;
  for (uint64_t cut = 0; cut < whole.operations(); ++cut) {
    for (int way = 0; way < kWaysToTear; ++way) {
      char what[48];
      std::snprintf(what, sizeof what, "cut %d way %d", static_cast<int>(cut), way);
      NorFlash flash(kSectors);
      flash.CutAt(cut, static_cast<uint32_t>(cut * kWaysToTear) + static_cast<uint32_t>(way));
      Told told;
      Run(flash, 7, told);
      CHECK(flash.lost_power(), "%s", what);
      flash.Reboot();
      Check(flash, 8, told, what);
      ++cuts;
    }
  }
  std::printf("%d erases and programs in the run, %d power cuts survived\n", static_cast<int>(whole.operations()),
              cuts);
}

/// As of a device whose boot count is lost each time: ids must not repeat even so.
void ALifeOfCuts(int starts, uint32_t seed) {
  NorFlash flash(kSectors);
  std::mt19937 random(seed);
  Told told;
  for (int start = 0; start < starts; ++start) {
    char what[48];
    std::snprintf(what, sizeof what, "seed %d start %d", static_cast<int>(seed), start);
    flash.CutAt(random() % 400, random());
    told.Restart();
    Run(flash, 1, told);
    flash.Reboot();
    FlashVolume volume(flash);
    auto files = volume.Mount();
    CHECK(files.has_value(), "%s", what);
    const auto lines = LinesOn(**files);
    if (!told.lines.empty()) {
      CHECK(std::ranges::find(lines, told.lines.back()) != lines.end(), "%s: the last line is lost", what);
      std::set<std::string> kinds;
      for (const auto& line : lines)
        CHECK(kinds.insert(line.substr(0, 50)).second, "%s: twice: %s", what, line.c_str());
    }
    size_t missing = 0;
    for (const auto& [name, samples] : told.clips) {
      const auto file = (*files)->Open(name, FileLayer::Mode::kRead);
      if (!file) {
        ++missing;
        continue;
      }
      CHECK(SamplesIn(ReadAll(**files, name)) == samples, "%s: %s is not intact", what, name.c_str());
    }
    CHECK(missing <= 1, "%s: %d clips are lost", what, static_cast<int>(missing));
  }
  std::printf("%d starts ended in cuts\n", starts);
}

/// Formatting blank flash is no exception.
void TheFirstStartMayBeCutToo() {
  for (uint64_t cut = 0; cut < 2; ++cut) {
    for (uint32_t way = 0; way < 20; ++way) {
      NorFlash flash(kSectors);
      flash.CutAt(cut, way);
      FlashLog first(flash);
      (void)first.Mount();
      flash.Reboot();
      FlashLog second(flash);
      CHECK(second.Mount().has_value(), "cut %d way %d", static_cast<int>(cut), static_cast<int>(way));
    }
  }
}

void WhatIsNotOursIsKeptUntilSomebodyAsks() {
  NorFlash flash(kSectors, 0x5A);
  const auto before = flash.content();
  FlashVolume volume(flash);
  Bench bench(Spec(1), {&volume});
  bench.HearTo(100000);
  CHECK(bench.store.status().volumes[0].state == VolumeState::kNeedsFormat && flash.content() == before);
  CHECK(bench.store.RequestFormat("sd") == std::unexpected(StorageError::kNotFound));
  CHECK(bench.store.RequestFormat("flash").has_value());
  bench.HearTo(bench.heard() + Bench::kBlock);
  CHECK(bench.store.status().volumes[0].state == VolumeState::kMounted && bench.store.status().volume == "flash");
  CHECK(bench.store.RequestFormat("flash") == std::unexpected(StorageError::kBusy), "it needs no format");
}

void AFormatIsDoneWhileAnotherVolumeIsInUse() {
  NorFlash flash(kSectors, 0x5A);
  FlashVolume volume(flash);
  FaultyDisk card("sd");
  card.SetPresent(false);
  Bench bench(Spec(1), {&card, &volume});
  bench.HearTo(1600);
  card.SetPresent(true);
  bench.HearTo(bench.heard() + 100000);
  CHECK(bench.store.status().volume == "sd" && bench.store.status().volumes[1].state == VolumeState::kNeedsFormat);
  CHECK(bench.store.RequestFormat("flash").has_value());
  bench.HearTo(bench.heard() + Bench::kBlock);
  CHECK(bench.store.status().volume == "sd" && bench.store.status().volumes[1].state == VolumeState::kNotTried);
  card.SetPresent(false);
  bench.HearTo(bench.heard() + 100000);
  CHECK(bench.store.status().volume == "flash");
}

void AFullFlashCostsTheOldestClips() {
  NorFlash flash(24);
  FlashVolume volume(flash);
  ClipStoreSpec spec = Spec(1);
  spec.retention = {.max_clips = 1000, .max_age_s = 0, .min_free_bytes = 1 << 20};  // more than there is
  spec.journal = {};
  Bench bench(spec, {&volume});
  for (uint32_t sequence = 1; sequence <= 40; ++sequence) {
    const int64_t start = bench.heard() + 2400;
    bench.HearTo(start + 4000);
    bench.Start(sequence, start);
    bench.HearTo(start + 8000);
    bench.End(sequence, start, start + 5000);
    bench.HearTo(start + 12000);
  }
  const auto status = bench.store.status();
  CHECK(status.clips_written == 40 && status.clips_cut_short == 0 && status.lines_written == 80, "%d %d %d",
        static_cast<int>(status.clips_written), static_cast<int>(status.clips_cut_short),
        static_cast<int>(status.lines_written));
  CHECK(bench.store.clips().size() >= 2 && bench.store.clips().back().id().sequence == 40);
  const auto [least, most] = std::ranges::minmax(std::span(flash.erases()).subspan(1));
  CHECK(least >= 4 && most <= 3 * least, "wear is not spread: %d to %d erases", static_cast<int>(least),
        static_cast<int>(most));
}

void SectorsThatKeepNothingAreLeft() {
  NorFlash flash(kSectors);
  for (uint32_t sector = 3; sector < kSectors; sector += 5) flash.WearOut(sector);
  Told told;
  Run(flash, 7, told);
  CHECK(told.finished == 7 && told.lines.size() == 16);
  Check(flash, 8, told, "worn out");
}

void ALogIsAFolderOfFilesThatGrow() {
  NorFlash flash(16);
  FlashLog log(flash);
  CHECK(log.Mount().has_value());
  CHECK(!log.Open("a", FileLayer::Mode::kRead).has_value());
  std::vector<uint8_t> bytes(10000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 7);
  {
    auto file = log.Open("a", FileLayer::Mode::kCreate);
    for (size_t at = 0; at < bytes.size(); at += 1250)
      CHECK((*file)->WriteAt(at, std::span(bytes).subspan(at, 1250)).has_value());
    CHECK((*file)->WriteAt(5, bytes) == std::unexpected(StorageError::kReadOnly), "nothing is written again");
    auto other = log.Open("b", FileLayer::Mode::kCreate);
    CHECK((*other)->WriteAt(0, std::span(bytes).first(9000)).has_value());
    CHECK((*other)->Truncate(5001).has_value() && (*other)->Size() == 5001u);
    CHECK((*other)->WriteAt(5001, bytes) == std::unexpected(StorageError::kReadOnly), "a shortened file is complete");
    const uint64_t free = log.FreeBytes().value();
    CHECK((*other)->WriteAt(5001, std::vector<uint8_t>(100000)).has_value() == false && log.FreeBytes() == free);
  }
  const auto expect = [&](FlashLog& files, const char* name, size_t size) {
    auto file = files.Open(name, FileLayer::Mode::kRead);
    CHECK(file.has_value() && (*file)->Size() == size, "%s", name);
    for (size_t at = 0; at < size + 10; at += 977) {
      std::vector<uint8_t> part(1500);
      const size_t got = (*file)->ReadAt(at, part).value();
      CHECK(got == (at < size ? std::min<size_t>(1500, size - at) : 0), "%s at %zu", name, at);
      CHECK(std::equal(part.begin(), part.begin() + static_cast<ptrdiff_t>(got),
                       bytes.begin() + static_cast<ptrdiff_t>(std::min(at, bytes.size()))));
    }
  };
  FlashLog later(flash);
  CHECK(later.Mount().has_value());
  for (FlashLog* const files : {&log, &later}) {
    expect(*files, "a", 10000);
    expect(*files, "b", 5001);
  }
  auto open = later.Open("a", FileLayer::Mode::kRead);
  CHECK(later.Remove("a").has_value());
  CHECK((*open)->Size() == std::unexpected(StorageError::kNotFound), "removed while open");
  auto big = later.Open("c", FileLayer::Mode::kCreate);
  CHECK((*big)->WriteAt(0, std::vector<uint8_t>(60000)) == std::unexpected(StorageError::kNoSpace));
  CHECK((*big)->Size() == 0u, "nothing of a write that does not fit is there");
  CHECK(!later.Open(std::string(65, 'x'), FileLayer::Mode::kCreate).has_value());
}

}  // namespace
}  // namespace native_tests

/// With a file as argument, what the run leaves on flash is written there.
int main(int count, char** arguments) {
  using namespace native_tests;
  if (count > 1) {
    NorFlash flash(kSectors);
    Told told;
    Run(flash, 7, told);
    std::ofstream(arguments[1], std::ios::binary)
        .write(reinterpret_cast<const char*>(flash.content().data()),
               static_cast<std::streamsize>(flash.content().size()));
    return 0;
  }
  ALogIsAFolderOfFilesThatGrow();
  TheFirstStartMayBeCutToo();
  WhatIsNotOursIsKeptUntilSomebodyAsks();
  AFormatIsDoneWhileAnotherVolumeIsInUse();
  AFullFlashCostsTheOldestClips();
  SectorsThatKeepNothingAreLeft();
  EveryEraseAndProgramMayBeTheLast();
  ALifeOfCuts(1000, 1);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// What the clip store does with events, and what it does when storage is slow, full, gone, read-only or corrupt.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "clip_bench.h"
#include "clip_store/posix_file_layer.h"
#include "faulty_disk.h"

namespace native_tests {
namespace {

using clip_store::ClipName;
using clip_store::ClipStoreSpec;
using clip_store::StorageError;

constexpr int64_t kUtc = 1795346564480;  // 2026-11-22T11:22:44.480Z

ClipStoreSpec Spec() {
  ClipStoreSpec spec;
  spec.pre_roll = 2000;
  spec.post_roll = 1500;
  spec.max_clip = 30000;
  spec.header_interval = 4000;
  spec.probe_interval_ms = 1000;
  spec.retention.min_free_bytes = 0;
  spec.boot_count = 7;
  return spec;
}

/// An event of 5,000 samples and the time until its clip is complete.
void OneEvent(Bench& bench, uint32_t sequence) {
  const int64_t start = bench.heard() + 2400;
  bench.HearTo(start + 4000);
  bench.Start(sequence, start);
  bench.HearTo(start + 8000);
  bench.End(sequence, start, start + 5000);
  bench.HearTo(start + 12000);
}

bool Contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

void ClipIsPreRollEventPostRoll() {
  FaultyDisk disk;
  Bench bench(Spec(), {&disk});
  bench.HearTo(12000);
  bench.Start(12, 9000);
  bench.HearTo(24000);
  CHECK(bench.store.status().recording == "boot0007-000000005s_0007-00012.wav");
  bench.End(12, 9000, 20000);
  bench.HearTo(30000);
  CHECK(bench.store.status().recording.empty() && bench.store.status().clips_written == 1);
  const auto* wav = disk.Content("boot0007-000000005s_0007-00012.wav");
  CHECK(wav != nullptr && IsWholeWav(*wav));
  const auto samples = SamplesIn(*wav);
  CHECK(samples.size() == 2000 + 11000 + 1500, "%zu", samples.size());
  for (size_t i = 0; i < samples.size(); ++i) CHECK(samples[i] == SampleAt(7000 + static_cast<int64_t>(i)));
  const auto lines = LinesOn(disk);
  CHECK(lines.size() == 2);
  CHECK(Contains(lines[0], R"({"schema":1,"id":"0007-00012","kind":"start","rule":"baby")"), "%s", lines[0].c_str());
  CHECK(Contains(lines[1], R"("kind":"end")") && Contains(lines[1], R"("duration_s":0.688,"reason":"quiet")"), "%s",
        lines[1].c_str());
  for (const auto& line : lines)
    CHECK(Contains(line, R"("clip":"boot0007-000000005s_0007-00012.wav","clip_offset_s":0.125)"), "%s", line.c_str());
}

void NamesCarryUtcOnceTheClockIsSet() {
  FaultyDisk disk;
  Bench bench(Spec(), {&disk});
  bench.clock.utc_of_start_ms = kUtc;
  OneEvent(bench, 3);
  CHECK(disk.Content("20261122T112244Z_0007-00003.wav") != nullptr, "%s", disk.Names().front().c_str());
  CHECK(Contains(LinesOn(disk)[0], R"("utc":"2026-11-22T11:22:44.630Z")"), "%s", LinesOn(disk)[0].c_str());
  const auto parsed = ClipName::Parse("20261122T112244Z_0007-00003.wav");
  CHECK(parsed && parsed->id.boot == 7 && parsed->id.sequence == 3 && parsed->dated && parsed->time_s == kUtc / 1000);
  const char* const others[] = {"",
                                "x.wav",
                                "20261322T112244Z_0007-00003.wav",
                                "20261122T252244Z_0007-00003.wav",
                                "20261122T112244Z_0007-00003.mp3",
                                "20261122T112244Z_7-3.wav",
                                "boot0007_0007-00012.wav",
                                "20261122T112244Z_0007-00003.wav.bak",
                                "99999999999999999999Z_0007-00003.wav"};
  for (const char* const other : others) CHECK(!ClipName::Parse(other), "%s", other);
}

void OverlappingEventsShareAClip() {
  FaultyDisk disk;
  Bench bench(Spec(), {&disk});
  bench.HearTo(8000);
  bench.Start(1, 6000);
  bench.HearTo(10000);
  bench.Start(2, 9000);
  bench.HearTo(16000);
  bench.End(1, 6000, 12000);
  bench.HearTo(17600);
  bench.End(2, 9000, 16000);
  bench.HearTo(17200);
  bench.Start(3, 17300);  // in the post-roll
  bench.HearTo(22400);
  bench.End(3, 17300, 20000);
  bench.HearTo(30000);
  CHECK(bench.store.clips().size() == 1);
  CHECK(SamplesIn(*disk.Content(bench.store.clips()[0].name())).size() == 20000 + 1500 - 4000);
  const auto lines = LinesOn(disk);
  CHECK(lines.size() == 6);
  for (const auto& line : lines) CHECK(Contains(line, "0007-00001.wav"), "%s", line.c_str());
  OneEvent(bench, 4);
  CHECK(bench.store.clips().size() == 2);
}

void AClipHasAMaximumLength() {
  FaultyDisk disk;
  Bench bench(Spec(), {&disk});
  bench.HearTo(8000);
  bench.Start(1, 6000);
  bench.HearTo(60000);
  CHECK(bench.store.clips().size() == 1 && bench.store.status().recording.empty());
  CHECK(SamplesIn(*disk.Content(bench.store.clips()[0].name())).size() == 30000);
  bench.End(1, 6000, 58000);
  bench.HearTo(64000);
  CHECK(Contains(LinesOn(disk)[1], "0007-00001.wav"));
}

void ThePreRollIsWhatTheRingHas() {
  FaultyDisk disk;
  Bench bench(Spec(), {&disk});
  bench.HearTo(1600);
  bench.Start(1, 800);
  bench.HearTo(8000);
  bench.End(1, 800, 4000);
  bench.HearTo(16000);
  const auto samples = SamplesIn(*disk.Content(bench.store.clips()[0].name()));
  CHECK(samples.size() == 5500 && samples[0] == SampleAt(0));
}

void SlowStorageLosesNothingTheRingHolds() {
  FaultyDisk disk;
  Bench bench(Spec(), {&disk}, 24000);
  bench.HearTo(8000);
  bench.Start(1, 6000);
  bench.HearTo(9600);
  bench.HearTo(9600 + 20000, false);  // storage hangs for 1.25 s
  bench.End(1, 6000, 28000);
  bench.HearTo(32000);
  CHECK(bench.store.status().samples_dropped == 0);
  const auto samples = SamplesIn(*disk.Content(bench.store.clips()[0].name()));
  for (size_t i = 0; i < samples.size(); ++i) CHECK(samples[i] == SampleAt(4000 + static_cast<int64_t>(i)));
}

void WhatTheRingLostIsCountedAndSilent() {
  FaultyDisk disk;
  Bench bench(Spec(), {&disk}, 24000);
  bench.HearTo(8000);
  bench.Start(1, 6000);
  bench.HearTo(9600);
  bench.HearTo(9600 + 25600, false);
  bench.HearTo(40000);
  CHECK(bench.store.status().samples_dropped == 35200 + 800 - 24000 - 9600, "%d",
        static_cast<int>(bench.store.status().samples_dropped));
  const auto samples = SamplesIn(*disk.Content(bench.store.clips()[0].name()));
  CHECK(samples.size() == 30000);
  for (int64_t at = 4000; at < 34000; ++at) {
    const bool lost = at >= 9600 && at < 12000;
    CHECK(samples[static_cast<size_t>(at - 4000)] == (lost ? 0 : SampleAt(at)), "%d", static_cast<int>(at));
  }
}

void AGapInTheAudioIsSilentInTheClip() {
  std::vector<int16_t> memory(10000);
  clip_store::SampleRing ring(memory);
  const std::vector<int16_t> ones(100, 1);
  ring.Write(0, ones);
  ring.Write(250, ones);
  std::vector<int16_t> read(350);
  CHECK(ring.Read(0, read) == 0);
  for (int i = 0; i < 350; ++i) CHECK(read[static_cast<size_t>(i)] == (i < 100 || i >= 250 ? 1 : 0));
  ring.Write(200, ones);
  CHECK(ring.end() == 350);
  ring.Write(1'000'000, ones);
  CHECK(ring.end() == 1'000'100 && ring.oldest() == 990'100);
  CHECK(ring.Read(990'000, std::span(read).first(200)) == 100);
}

void AFullDiskCostsTheOldestClips() {
  FaultyDisk disk;
  Bench bench(Spec(), {&disk});
  disk.SetCapacity(80000);
  for (uint32_t sequence = 1; sequence <= 12; ++sequence) OneEvent(bench, sequence);
  const auto status = bench.store.status();
  CHECK(status.clips_written == 12 && status.clips_cut_short == 0 && status.clips_removed > 5);
  CHECK(bench.store.clips().back().id().sequence == 12);
  for (const auto& clip : bench.store.clips()) CHECK(IsWholeWav(*disk.Content(clip.name())));
  CHECK(LinesOn(disk).size() == 24);
}

void ADiskFullOfOtherThingsCutsTheClipShort() {
  FaultyDisk disk;
  Bench bench(Spec(), {&disk});
  disk.SetCapacity(9000);
  OneEvent(bench, 1);
  const auto status = bench.store.status();
  CHECK(status.clips_cut_short == 1 && status.last_error == StorageError::kNoSpace);
  CHECK(bench.store.clips().size() == 1 && IsWholeWav(*disk.Content(bench.store.clips()[0].name())));
  disk.SetCapacity(1 << 20);
  OneEvent(bench, 2);
  CHECK(bench.store.status().clips_cut_short == 1 && bench.store.clips().size() == 2);
  CHECK(LinesOn(disk).size() == 4, "%zu", LinesOn(disk).size());
}

void RetentionKeepsCountAgeAndSpace() {
  ClipStoreSpec spec = Spec();
  spec.retention = {.max_clips = 3, .max_age_s = 0, .min_free_bytes = 0};
  FaultyDisk disk;
  Bench bench(spec, {&disk});
  OneEvent(bench, 1);
  OneEvent(bench, 2);
  CHECK(bench.store.Star(bench.store.clips()[0].name(), true).has_value());
  for (uint32_t sequence = 3; sequence <= 6; ++sequence) OneEvent(bench, sequence);
  const auto kept = [&] {
    std::vector<uint32_t> sequences;
    for (const auto& clip : bench.store.clips()) sequences.push_back(clip.id().sequence);
    return sequences;
  };
  CHECK((kept() == std::vector<uint32_t>{1, 5, 6}));
  CHECK(bench.store.Star(bench.store.clips()[1].name(), true).has_value());
  CHECK(bench.store.Star(bench.store.clips()[2].name(), true).has_value());
  OneEvent(bench, 7);
  CHECK((kept() == std::vector<uint32_t>{5, 6, 7}), "only starred clips were left to go");
  OneEvent(bench, 8);
  CHECK((kept() == std::vector<uint32_t>{5, 6, 8}), "starred clips go last, be the others newer");
  CHECK(!bench.store.Star("no such.wav", true).has_value());
  CHECK(bench.store.Remove(std::string(bench.store.clips()[0].name())).has_value());
  CHECK((kept() == std::vector<uint32_t>{6, 8}));
  for (const std::string& name : disk.Names()) CHECK(!Contains(name, "00005"), "%s", name.c_str());
}

void RetentionByAgeSparesStarsAndTheClipBeingWritten() {
  ClipStoreSpec spec = Spec();
  spec.retention.max_age_s = 3600;
  FaultyDisk disk;
  {
    Bench bench(spec, {&disk});
    OneEvent(bench, 1);  // no date
    bench.clock.utc_of_start_ms = kUtc;
    OneEvent(bench, 2);
    OneEvent(bench, 3);
    CHECK(bench.store.Star(bench.store.clips()[1].name(), true).has_value());
  }
  spec.boot_count = 8;
  Bench bench(spec, {&disk});
  bench.clock.utc_of_start_ms = kUtc + 3599'000;
  OneEvent(bench, 1);
  CHECK(bench.store.clips().size() == 4, "%zu", bench.store.clips().size());
  bench.clock.utc_of_start_ms = kUtc + 3700'000;
  OneEvent(bench, 2);
  CHECK(bench.store.clips().size() == 4);
  CHECK(bench.store.clips()[0].id().sequence == 1 && bench.store.clips()[1].id().sequence == 2);
  bench.HearTo(bench.heard() + 4000);
  bench.Start(3, bench.heard() - 1600);
  bench.HearTo(bench.heard() + 1600);
  const std::string recording(bench.store.status().recording);
  CHECK(!recording.empty() && bench.store.Remove(recording) == std::unexpected(StorageError::kBusy));
  bench.clock.utc_of_start_ms = kUtc + 20000'000;
  bench.HearTo(bench.heard() + 8000);
  CHECK(bench.store.status().recording == recording && disk.Content(recording) != nullptr);
}

void APulledCardIsReplacedByFlashAndUsedAgainWhenBack() {
  FaultyDisk card("sd");
  FaultyDisk flash("flash");
  Bench bench(Spec(), {&card, &flash});
  OneEvent(bench, 1);
  CHECK(bench.store.status().volume == "sd");
  const std::string first = bench.store.clips()[0].name();
  bench.HearTo(bench.heard() + 4000);
  const int64_t start = bench.heard() - 2000;
  bench.Start(2, start);
  bench.HearTo(bench.heard() + 4000);
  card.SetPresent(false);
  bench.HearTo(bench.heard() + 4000);
  CHECK(bench.store.status().volume == "flash" && !card.mounted() && card.open_files() == 0);
  bench.End(2, start, bench.heard() - 1600);
  bench.HearTo(bench.heard() + 8000);
  CHECK(bench.store.status().clips_cut_short == 1 && bench.store.clips().size() == 1);
  const auto samples = SamplesIn(*flash.Content(bench.store.clips()[0].name()));
  CHECK(samples[0] == SampleAt(start - 2000), "the ring still had the beginning");
  CHECK(samples.size() == 2000 + 8400 + 1500, "%zu", samples.size());
  OneEvent(bench, 3);
  CHECK(LinesOn(flash).size() == 3, "%zu", LinesOn(flash).size());
  card.Reboot(Survival::kAnySectors, 1);
  card.SetPresent(true);
  bench.HearTo(bench.heard() + 20000);
  CHECK(bench.store.status().volume == "sd" && !flash.mounted());
  CHECK(bench.store.clips().size() == 2 && bench.store.clips()[0].name() == first);
  for (const auto& clip : bench.store.clips()) CHECK(IsWholeWav(*card.Content(clip.name())));
  OneEvent(bench, 4);
  CHECK(bench.store.clips().size() == 3 && LinesOn(card).size() == 5);
}

void ACardPulledInAQuietNightIsNoticed() {
  FaultyDisk card("sd");
  Bench bench(Spec(), {&card});
  bench.HearTo(16000);
  card.SetPresent(false);
  bench.HearTo(48000);
  CHECK(bench.store.status().volume.empty());
  OneEvent(bench, 1);
  card.SetPresent(true);
  bench.HearTo(bench.heard() + 20000);
  CHECK(bench.store.status().volume == "sd");
  const auto lines = LinesOn(card);
  CHECK(lines.size() == 2, "lines wait for a volume");
  CHECK(Contains(lines[0], R"("clip":null,"clip_offset_s":null)"));
}

void WithoutAnyMediumLinesAreDroppedAndCounted() {
  FaultyDisk card("sd");
  card.SetPresent(false);
  Bench bench(Spec(), {&card});
  for (uint32_t sequence = 1; sequence <= 40; ++sequence) OneEvent(bench, sequence);
  const auto status = bench.store.status();
  CHECK(status.volume.empty() && status.lines_dropped == 80 - 64 && status.last_error == StorageError::kGone);
  card.SetPresent(true);
  bench.HearTo(bench.heard() + 20000);
  CHECK(LinesOn(card).size() == 64);
}

void ReadOnlyAndCorruptMediaAreNotUsed() {
  FaultyDisk card("sd");
  FaultyDisk flash("flash");
  card.SetReadOnly(true);
  Bench bench(Spec(), {&card, &flash});
  OneEvent(bench, 1);
  CHECK(bench.store.status().volume == "flash" && bench.store.status().last_error == StorageError::kReadOnly);
  CHECK(card.Names().empty() && !card.mounted());
  card.SetReadOnly(false);
  card.SetCorrupt(true);
  bench.HearTo(bench.heard() + 20000);
  CHECK(bench.store.status().volume == "flash" && bench.store.status().last_error == StorageError::kCorrupt);
  card.SetCorrupt(false);
  bench.HearTo(bench.heard() + 20000);
  CHECK(bench.store.status().volume == "sd");
  card.SetReadOnly(true);  // a card whose lock switch moves, or that has worn out
  OneEvent(bench, 2);
  CHECK(bench.store.status().volume == "flash" && bench.store.clips().size() == 2);
}

void AFullQueueDropsAndCounts() {
  FaultyDisk disk;
  Bench bench(Spec(), {&disk});
  for (uint32_t sequence = 1; sequence <= 70; ++sequence) bench.Start(sequence, 0);
  CHECK(bench.store.status().events_dropped == 6);
  bench.HearTo(4000);
  CHECK(bench.store.clips().size() == 1);
}

void ForeignFilesAreLeftAlone() {
  FaultyDisk disk;
  CHECK(disk.Mount().has_value());
  for (const char* const name : {"holiday.wav", "notes.txt", "20261122T112244Z_0007-00003.wav"}) {
    auto file = disk.Open(name, clip_store::FileLayer::Mode::kCreate);
    const std::vector<uint8_t> content(3000, 'R');
    CHECK((*file)->WriteAt(0, content).has_value() && (*file)->Sync().has_value());
  }
  auto edited = disk.Open("20261122T112244Z_0007-00004.wav", clip_store::FileLayer::Mode::kCreate);
  std::vector<uint8_t> riff(3000, 1);
  std::copy_n("RIFF", 4, riff.begin());
  CHECK((*edited)->WriteAt(0, riff).has_value() && (*edited)->Sync().has_value());
  edited->reset();
  disk.Unmount();
  ClipStoreSpec spec = Spec();
  spec.retention.max_clips = 1;
  Bench bench(spec, {&disk});
  OneEvent(bench, 9);
  CHECK(disk.Content("holiday.wav")->size() == 3000 && disk.Content("notes.txt")->size() == 3000);
  CHECK(bench.store.clips().size() == 1 && bench.store.clips()[0].id().sequence == 9);
}

void AnEditedClipIsLeftAsItIs() {
  FaultyDisk disk;
  CHECK(disk.Mount().has_value());
  auto edited = disk.Open("20261122T112244Z_0007-00004.wav", clip_store::FileLayer::Mode::kCreate);
  std::vector<uint8_t> riff(3001, 1);
  std::copy_n("RIFF", 4, riff.begin());
  CHECK((*edited)->WriteAt(0, riff).has_value() && (*edited)->Sync().has_value());
  edited->reset();
  disk.Unmount();
  Bench bench(Spec(), {&disk});
  bench.HearTo(1600);
  CHECK(*disk.Content("20261122T112244Z_0007-00004.wav") == riff);
}

void CloseCompletesTheClip() {
  FaultyDisk disk;
  {
    Bench bench(Spec(), {&disk});
    bench.HearTo(8000);
    bench.Start(1, 6000);
    bench.HearTo(16000);
  }
  CHECK(!disk.mounted() && disk.open_files() == 0);
  const auto names = disk.Names();
  const auto wav = std::ranges::find_if(names, [](const std::string& name) { return name.ends_with(".wav"); });
  CHECK(IsWholeWav(*disk.Content(*wav)) && SamplesIn(*disk.Content(*wav)).size() == 12000);
}

void TheJournalRotates() {
  ClipStoreSpec spec = Spec();
  spec.journal = {.max_segment_bytes = 3000, .max_segments = 3};
  FaultyDisk disk;
  Bench bench(spec, {&disk});
  for (uint32_t sequence = 1; sequence <= 30; ++sequence) OneEvent(bench, sequence);
  size_t segments = 0;
  for (const std::string& name : disk.Names()) {
    if (!name.starts_with("journal")) continue;
    ++segments;
    CHECK(disk.Content(name)->size() <= 3000);
  }
  const auto lines = LinesOn(disk);
  CHECK(segments == 3 && lines.size() < 60 && lines.size() > 10);
  CHECK(Contains(lines.back(), "\"id\":\"0007-00030\",\"kind\":\"end\""));
}

void ATornOrAlteredLineIsNotRead() {
  const std::string whole = clip_store::Journal::Seal(R"({"schema":1,"id":"0007-00001")");
  CHECK(clip_store::Journal::IsWhole(whole), "%s", whole.c_str());
  for (size_t length = 0; length < whole.size(); ++length)
    CHECK(!clip_store::Journal::IsWhole(whole.substr(0, length)));
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string altered = whole;
    altered[at] ^= 1;
    CHECK(!clip_store::Journal::IsWhole(altered), "%zu", at);
  }
}

/// A folder of the real disk.
struct Folder : clip_store::Volume {
  explicit Folder(std::string path) : files(std::move(path), [] { return uint64_t{1} << 30; }) {}
  std::string_view name() const override { return "folder"; }
  clip_store::StorageResult<clip_store::FileLayer*> Mount() override {
    if (auto prepared = files.Prepare(); !prepared) return std::unexpected(prepared.error());
    return &files;
  }
  void Unmount() override {}
  bool Alive() override { return true; }
  clip_store::PosixFileLayer files;
};

void TheSameOnARealDisk() {
  char path[] = "/tmp/clip_store_XXXXXX";
  CHECK(mkdtemp(path) != nullptr);
  const std::string folder = std::string(path) + "/events";
  {
    Folder volume(folder);
    Bench bench(Spec(), {&volume});
    OneEvent(bench, 1);
    OneEvent(bench, 2);
    CHECK(bench.store.clips().size() == 2 && LinesOn(volume.files).size() == 4);
    CHECK(bench.store.Star(std::string(bench.store.clips()[0].name()), true).has_value());
    CHECK(bench.store.Remove(std::string(bench.store.clips()[1].name())).has_value());
    CHECK(volume.files.Open("no such", clip_store::FileLayer::Mode::kRead).error() == StorageError::kNotFound);
    CHECK(volume.files.Remove("no such") == std::unexpected(StorageError::kNotFound));
  }
  {
    std::ofstream torn(folder + "/journal-000001.jsonl", std::ios::app);
    torn << "{\"half\":";
  }
  Folder volume(folder);
  ClipStoreSpec spec = Spec();
  spec.boot_count = 8;
  Bench bench(spec, {&volume});
  OneEvent(bench, 1);
  CHECK(bench.store.clips().size() == 2 && bench.store.clips()[0].starred && LinesOn(volume.files).size() == 6);
  auto wav = volume.files.Open(bench.store.clips()[1].name(), clip_store::FileLayer::Mode::kRead);
  std::vector<uint8_t> content(100000);
  content.resize((*wav)->ReadAt(0, content).value());
  CHECK(IsWholeWav(content) && SamplesIn(content).size() == 2000 + 5000 + 1500);
  std::filesystem::remove_all(path);
  Folder nowhere("/proc/none/events");
  Bench without(Spec(), {&nowhere});
  OneEvent(without, 1);
  CHECK(without.store.status().volume.empty());
}

}  // namespace
}  // namespace native_tests

int main() {
  using namespace native_tests;
  ClipIsPreRollEventPostRoll();
  NamesCarryUtcOnceTheClockIsSet();
  OverlappingEventsShareAClip();
  AClipHasAMaximumLength();
  ThePreRollIsWhatTheRingHas();
  SlowStorageLosesNothingTheRingHolds();
  WhatTheRingLostIsCountedAndSilent();
  AGapInTheAudioIsSilentInTheClip();
  AFullDiskCostsTheOldestClips();
  ADiskFullOfOtherThingsCutsTheClipShort();
  RetentionKeepsCountAgeAndSpace();
  RetentionByAgeSparesStarsAndTheClipBeingWritten();
  APulledCardIsReplacedByFlashAndUsedAgainWhenBack();
  ACardPulledInAQuietNightIsNoticed();
  WithoutAnyMediumLinesAreDroppedAndCounted();
  ReadOnlyAndCorruptMediaAreNotUsed();
  AFullQueueDropsAndCounts();
  ForeignFilesAreLeftAlone();
  AnEditedClipIsLeftAsItIs();
  CloseCompletesTheClip();
  TheJournalRotates();
  ATornOrAlteredLineIsNotRead();
  TheSameOnARealDisk();
  return 0;
}

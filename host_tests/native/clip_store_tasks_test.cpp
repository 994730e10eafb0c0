// SPDX-License-Identifier: Apache-2.0
// What other tasks may do while storage's goes on: alone here, and with threads, which is also run under the thread
// sanitizer. And what mounting 10,000 clips costs, in calls.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "clip_bench.h"
#include "faulty_disk.h"

namespace native_tests {
namespace {

using clip_store::Clip;
using clip_store::ClipName;
using clip_store::ClipReaders;
using clip_store::ClipStore;
using clip_store::ClipStoreSpec;
using clip_store::JournalCursor;
using clip_store::StorageError;
using clip_store::VolumeState;

ClipStoreSpec Spec() {
  ClipStoreSpec spec;
  spec.pre_roll = 2000;
  spec.post_roll = 1500;
  spec.probe_interval_ms = 1000;
  spec.retention = {.max_clips = 1000, .max_age_s = 0, .min_free_bytes = 0};
  spec.journal = {.max_segment_bytes = 3000, .max_segments = 100};
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

void TenThousandClipsAreFoundInOneLook() {
  constexpr uint32_t kClips = 10000;
  FaultyDisk disk;
  for (uint32_t i = 0; i < kClips; ++i)
    disk.Place(ClipName::Of({.boot = 1 + i / 50, .sequence = i}, {.uptime_ms = 1000 * i, .utc_ms = {}}).Text(),
               std::vector<uint8_t>(600));
  for (uint32_t i = 0; i < kClips; i += 100)
    disk.Place(clip_store::StarName(
                   ClipName::Of({.boot = 1 + i / 50, .sequence = i}, {.uptime_ms = 1000 * i, .utc_ms = {}}).Text()),
               {});
  ClipStoreSpec spec = Spec();
  spec.retention.max_clips = kClips;
  Bench bench(spec, {&disk});
  CHECK(!disk.mounted() && disk.listed() == 0, "making a store does not mount");
  bench.Start(1, 0);  // It waits in the queue.
  bench.HearTo(Bench::kBlock);
  CHECK(bench.store.clips().size() == kClips + 1 && bench.store.boot() == kClips / 50 + 1);
  CHECK(std::ranges::count(bench.store.clips(), true, &Clip::starred) == 100);
  CHECK(disk.listed() == 1, "%d lists", static_cast<int>(disk.listed()));
  CHECK(disk.opened() <= 6 && disk.read() <= 4, "%d opens, %d reads", static_cast<int>(disk.opened()),
        static_cast<int>(disk.read()));
  CHECK(bench.store.status().recording.starts_with("boot0201-"), "%s", bench.store.status().recording.c_str());
  static_assert(sizeof(Clip) * kClips <= 280'000);
}

void ClipsAreListedInPages() {
  FaultyDisk disk;
  Bench bench(Spec(), {&disk});
  CHECK(bench.store.ListClips("", 10) == std::unexpected(StorageError::kGone), "nothing is mounted yet");
  for (uint32_t sequence = 1; sequence <= 7; ++sequence) OneEvent(bench, sequence);
  std::vector<uint32_t> seen;
  std::string before;
  while (true) {
    const auto page = bench.store.ListClips(before, 3);
    CHECK(page.has_value());
    if (page->empty()) break;
    for (const Clip& clip : *page) seen.push_back(clip.id().sequence);
    before = page->back().name();
    (void)bench.store.Remove(before);  // A page may begin at a clip that is gone.
  }
  CHECK((seen == std::vector<uint32_t>{7, 6, 5, 4, 3, 2, 1}));
  CHECK(bench.store.ListClips("notes.txt", 3) == std::unexpected(StorageError::kNotFound));
}

void AReaderIsToldWhenItsClipOrVolumeGoes() {
  FaultyDisk card("sd");
  FaultyDisk flash("flash");
  Bench bench(Spec(), {&card, &flash});
  OneEvent(bench, 1);
  OneEvent(bench, 2);
  const std::string first = bench.store.clips()[0].name();
  const std::string second = bench.store.clips()[1].name();
  auto one = *bench.store.OpenClip(first);
  auto two = *bench.store.OpenClip(second);
  std::vector<uint8_t> wav(static_cast<size_t>(two->size()));
  CHECK(two->ReadAt(0, std::span(wav).first(1000)) == 1000u &&
        two->ReadAt(1000, std::span(wav).subspan(1000)) == 16384u);
  CHECK(two->ReadAt(17384, std::span(wav).subspan(17384)) == wav.size() - 17384 || wav.size() <= 17384);
  CHECK(bench.store.Remove(first).has_value() && card.Content(first) == nullptr);
  CHECK(one->ReadAt(0, wav) == std::unexpected(StorageError::kNotFound));
  CHECK(bench.store.OpenClip(first).error() == StorageError::kNotFound);
  auto three = *bench.store.OpenClip(second);
  CHECK(bench.store.OpenClip(second).error() == StorageError::kBusy, "three are open");
  one.reset();
  CHECK(bench.store.OpenClip(second).has_value());
  card.SetPresent(false);
  bench.HearTo(bench.heard() + 20000);
  CHECK(bench.store.status().volume == "flash" && card.open_files() == 0 && !card.mounted());
  CHECK(two->ReadAt(0, wav) == std::unexpected(StorageError::kGone));
  CHECK(bench.store.OpenClip(second).error() == StorageError::kNotFound);
  card.SetPresent(true);
  bench.HearTo(bench.heard() + 20000);
  CHECK(two->ReadAt(0, wav) == std::unexpected(StorageError::kGone), "a reader is of one mount");
  CHECK(bench.store.OpenClip(second).has_value());
}

void AReaderMayOutliveTheStore() {
  FaultyDisk disk;
  std::unique_ptr<clip_store::ClipReader> reader;
  {
    Bench bench(Spec(), {&disk});
    OneEvent(bench, 1);
    reader = *bench.store.OpenClip(bench.store.clips()[0].name());
  }
  CHECK(disk.open_files() == 0);
  std::vector<uint8_t> bytes(10);
  CHECK(reader->ReadAt(0, bytes) == std::unexpected(StorageError::kGone));
}

void TheClipBeingWrittenIsNotForOthers() {
  FaultyDisk disk;
  Bench bench(Spec(), {&disk});
  bench.HearTo(8000);
  bench.Start(1, 6000);
  bench.HearTo(10000);
  const std::string name = bench.store.status().recording;
  CHECK(bench.store.OpenClip(name).error() == StorageError::kBusy);
  CHECK(bench.store.Remove(name) == std::unexpected(StorageError::kBusy));
  CHECK(bench.store.Star(name, true).has_value());
}

void TheJournalIsReadBackInPages() {
  FaultyDisk disk;
  Bench bench(Spec(), {&disk});
  for (uint32_t sequence = 1; sequence <= 20; ++sequence) OneEvent(bench, sequence);
  std::vector<std::string> lines;
  JournalCursor cursor;
  int pages = 0;
  while (true) {
    const auto page = bench.store.ReadJournal(cursor, 4);
    CHECK(page.has_value() && page->lines.size() <= 4);
    lines.insert(lines.end(), page->lines.begin(), page->lines.end());
    ++pages;
    if (!page->next) break;
    cursor = *page->next;
    if (pages == 3) OneEvent(bench, 21);  // Lines that come meanwhile do not disturb.
  }
  auto all = LinesOn(disk);
  CHECK(all.size() == 42);
  all.resize(40);
  std::ranges::reverse(all);
  CHECK(lines == all, "%zu lines", lines.size());
  disk.SetPresent(false);
  bench.HearTo(bench.heard() + 20000);
  CHECK(bench.store.ReadJournal({}, 4).error() == StorageError::kGone);
  disk.SetPresent(true);
  bench.HearTo(bench.heard() + 20000);
  CHECK(bench.store.ReadJournal(cursor, 4).error() == StorageError::kGone, "a cursor is of one mount");
  CHECK(!bench.store.ReadJournal({}, 4)->lines.empty());
}

void VolumesSayHowTheyAre() {
  FaultyDisk card("sd");
  FaultyDisk flash("flash");
  Bench bench(Spec(), {&card, &flash});
  const auto state = [&](size_t volume) { return bench.store.status().volumes[volume].state; };
  CHECK(state(0) == VolumeState::kNotTried && state(1) == VolumeState::kNotTried);
  bench.HearTo(1600);
  CHECK(state(0) == VolumeState::kMounted && state(1) == VolumeState::kNotTried);
  card.SetPresent(false);
  bench.HearTo(bench.heard() + 20000);
  CHECK(state(0) == VolumeState::kAbsent && state(1) == VolumeState::kMounted);
  card.SetPresent(true);
  card.SetCorrupt(true);
  bench.HearTo(bench.heard() + 20000);
  CHECK(state(0) == VolumeState::kCorrupt && clip_store::VolumeStateName(state(0)) == "corrupt");
  CHECK(bench.store.RequestFormat("sd") == std::unexpected(StorageError::kReadOnly), "a card is its owner's");
  card.SetCorrupt(false);
  card.SetReadOnly(true);
  bench.HearTo(bench.heard() + 20000);
  CHECK(state(0) == VolumeState::kReadOnly);
  card.SetReadOnly(false);
  bench.HearTo(bench.heard() + 20000);
  CHECK(state(0) == VolumeState::kMounted && state(1) == VolumeState::kNotTried);
}

void AGapInTheRingIsRemembered() {
  std::vector<int16_t> memory(48000, 7);
  clip_store::SampleRing ring(memory);
  const std::vector<int16_t> ones(100, 1);
  ring.Write(0, ones);
  int64_t from = 100;
  for (const int64_t gap :
       {int64_t{1}, int64_t{399}, int64_t{5000}, int64_t{40000}, int64_t{47999}, int64_t{1} << 40}) {
    const std::vector<int16_t> before = memory;
    ring.Write(from + gap, ones);
    int64_t touched = 0;
    for (size_t i = 0; i < memory.size(); ++i) touched += memory[i] != before[i] ? 1 : 0;
    CHECK(touched <= 100 + 2 * clip_store::SampleRing::kBlock, "%d samples for a gap", static_cast<int>(touched));
    const int64_t begin = std::max(ring.oldest(), from);
    std::vector<int16_t> read(static_cast<size_t>(ring.end() - begin));
    CHECK(ring.Read(begin, read) == 0);
    for (size_t i = 0; i < read.size(); ++i) CHECK(read[i] == (i + 100 < read.size() ? 0 : 1), "%zu", i);
    from += gap + 100;
  }
  // Samples where silence was.
  const std::vector<int16_t> twos(48000, 2);
  ring.Write(from, twos);
  std::vector<int16_t> read(48000);
  CHECK(ring.Read(from, read) == 0 && read == twos);
}

/// One thread hears and stores, three read, list, star, delete and page; the card is pulled and put back all the time.
void ThreadsDoAllOfItAtOnce() {
  FaultyDisk card("sd");
  FaultyDisk flash("flash");
  ClipStoreSpec spec = Spec();
  spec.retention.max_clips = 6;
  Bench bench(spec, {&card, &flash});
  ClipStore& store = bench.store;
  std::atomic<bool> done = false;
  std::atomic<int> reads = 0;
  std::atomic<int> ends = 0;
  const auto read = [&] {
    std::vector<uint8_t> bytes(3000);
    while (!done) {
      const auto page = store.ListClips("", 5);
      if (!page) continue;
      for (const Clip& clip : *page) {
        auto reader = store.OpenClip(clip.name());
        if (!reader) continue;
        for (uint64_t at = 0, rounds = 0; rounds < 20;) {
          const auto got = (*reader)->ReadAt(at, bytes);
          if (!got) {
            CHECK(got.error() != StorageError::kCorrupt);
            ++ends;
            break;
          }
          CHECK(*got == std::min<uint64_t>(bytes.size(), (*reader)->size() - at));
          at += *got;
          ++reads;
          if (at < (*reader)->size()) continue;
          at = 0;
          ++rounds;
        }
      }
    }
  };
  const auto change = [&] {
    for (uint32_t round = 0; !done; ++round) {
      if (const auto page = store.ListClips("", 100); page && !page->empty()) {
        const std::string name = (*page)[round % page->size()].name();
        (void)store.Star(name, round % 3 == 0);
        if (round % 7 == 0) (void)store.Remove(name);
      }
      (void)store.RequestFormat("flash");
      const auto journal = store.ReadJournal({}, 10);
      if (journal && journal->next) (void)store.ReadJournal(*journal->next, 10);
      CHECK(store.latest_lines().size() <= ClipStore::kLatestLines);
      (void)store.status();
      (void)store.boot();
      std::this_thread::yield();
    }
  };
  std::thread one(read);
  std::thread two(read);
  std::thread three(change);
  for (uint32_t sequence = 1; sequence <= 40; ++sequence) {
    OneEvent(bench, sequence);
    card.SetPresent(sequence % 5 != 4);
  }
  while (reads == 0 || ends == 0) bench.HearTo(bench.heard() + 8000);
  done = true;
  for (std::thread* const thread : {&one, &two, &three}) thread->join();
  CHECK(store.status().clips_written >= 35, "%d", static_cast<int>(store.status().clips_written));
  std::printf("%d reads, %d of them ended by a clip or volume that went\n", reads.load(), ends.load());
}

}  // namespace
}  // namespace native_tests

int main() {
  using namespace native_tests;
  TenThousandClipsAreFoundInOneLook();
  ClipsAreListedInPages();
  AReaderIsToldWhenItsClipOrVolumeGoes();
  AReaderMayOutliveTheStore();
  TheClipBeingWrittenIsNotForOthers();
  TheJournalIsReadBackInPages();
  VolumesSayHowTheyAre();
  AGapInTheRingIsRemembered();
  ThreadsDoAllOfItAtOnce();
  return 0;
}

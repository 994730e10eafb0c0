// SPDX-License-Identifier: Apache-2.0
// One run with events is recorded; then it is repeated with the power failing in each of its writes, at several bytes
// of it, on a disk that keeps all earlier writes and on one that keeps any of those not yet synced. After each cut all
// that was complete before must be intact, nothing half may be seen, and the store must go on.
//
// With a folder as argument, some of the disks are written there as the cut left them and after the repair, so that
// other programs' readers can judge them.
#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <string>

#include "clip_bench.h"
#include "faulty_disk.h"

namespace native_tests {
namespace {

using clip_store::ClipStoreSpec;
using Kind = Operation::Kind;

constexpr int64_t kEnd = 170000;
constexpr uint32_t kRiff = 0x46464952;

ClipStoreSpec Spec(bool unlimited) {
  ClipStoreSpec spec;
  spec.pre_roll = 2000;
  spec.post_roll = 1500;
  spec.max_clip = 20000;
  spec.header_interval = 4000;
  spec.retention = {.max_clips = unlimited ? 1000u : 4u, .max_age_s = 0, .min_free_bytes = 0};
  spec.journal = {.max_segment_bytes = 2000, .max_segments = unlimited ? 1000u : 3u};
  spec.boot_count = unlimited ? 8 : 7;
  return spec;
}

/// What happens when, by position in the stream: overlapping events, one longer than a clip may be, a star.
void Run(FaultyDisk& disk) {
  Bench bench(Spec(false), {&disk});
  struct Happening {
    int64_t at;
    uint32_t sequence;
    int64_t start;
    int64_t end;  ///< 0 for an event's start.
  };
  const Happening happenings[] = {
      {10000, 1, 6000, 0},    {12000, 2, 9000, 0},         {18000, 1, 6000, 15000}, {21000, 2, 9000, 19000},
      {42000, 3, 40000, 0},   {48000, 3, 40000, 45000},    {62000, 4, 58000, 0},    {100000, 4, 58000, 97000},
      {106000, 5, 104000, 0}, {112000, 5, 104000, 109000}, {122000, 6, 120000, 0},  {128000, 6, 120000, 125000},
      {138000, 7, 136000, 0}, {144000, 7, 136000, 141000}, {154000, 8, 152000, 0},  {160000, 8, 152000, 157000},
  };
  bool starred = false;
  for (const Happening& h : happenings) {
    bench.HearTo(h.at);
    if (h.end == 0) bench.Start(h.sequence, h.start);
    if (h.end != 0) bench.End(h.sequence, h.start, h.end);
    if (h.sequence == 4 && !starred) {
      starred = true;
      for (const auto& clip : bench.store.clips()) {
        if (clip.id().sequence == 3) (void)bench.store.Star(clip.name(), true);
      }
    }
  }
  bench.HearTo(kEnd);
}

/// What the run without a cut did, and when.
struct Record {
  struct File {
    std::vector<uint8_t> content;
    int64_t complete = -1;        ///< Index of the last change to it.
    int64_t removed = INT64_MAX;  ///< Index of its removal.
  };
  std::map<std::string, File> clips;
  std::map<std::string, File> stars;
  struct Line {
    std::string text;
    int64_t synced;
    int64_t removed = INT64_MAX;
  };
  std::vector<Line> lines;
  int64_t changes;
};

Record MakeRecord() {
  FaultyDisk disk;
  Run(disk);
  Record record;
  record.changes = static_cast<int64_t>(disk.operations().size());
  std::map<std::string, std::vector<size_t>> lines_of;
  for (int64_t index = 0; index < record.changes; ++index) {
    const Operation& operation = disk.operations()[static_cast<size_t>(index)];
    const std::string& name = operation.file;
    if (name.ends_with(".wav") || name.ends_with(".star")) {
      Record::File& file = (name.ends_with(".wav") ? record.clips : record.stars)[name];
      if (operation.kind == Kind::kRemove) file.removed = index;
      if (operation.kind != Kind::kRemove) file.complete = index;
    } else if (name.starts_with("journal")) {
      if (operation.kind == Kind::kWrite) {
        lines_of[name].push_back(record.lines.size());
        record.lines.push_back({.text = operation.bytes.substr(0, operation.bytes.size() - 1), .synced = INT64_MAX});
      }
      if (operation.kind == Kind::kSync) record.lines[lines_of[name].back()].synced = index;
      if (operation.kind == Kind::kRemove) {
        for (const size_t line : lines_of[name]) record.lines[line].removed = index;
      }
    }
  }
  // The content of a clip that retention removed later: what it was when it was complete.
  for (auto& [name, clip] : record.clips) {
    FaultyDisk until;
    until.CutAt(clip.complete + 1, 0);
    Run(until);
    CHECK(until.Content(name) != nullptr, "%s", name.c_str());
    clip.content = *until.Content(name);
    CHECK(IsWholeWav(clip.content), "%s", name.c_str());
    const auto samples = SamplesIn(clip.content);
    for (size_t i = 1; i < samples.size(); ++i)
      CHECK(samples[i] == static_cast<int16_t>(samples[0] + static_cast<int>(i)), "%s: sample %zu", name.c_str(), i);
  }
  return record;
}

/// Whether the first `count` samples are those that this clip begins with, and go on as the audio did.
bool IsFrom(const std::vector<int16_t>& part, const std::vector<int16_t>& whole, size_t count) {
  if (count > part.size()) return false;
  for (size_t i = 0; i < count; ++i) {
    if (part[i] != static_cast<int16_t>(whole[0] + static_cast<int>(i))) return false;
  }
  return true;
}

/// As the cut left them, before any repair: a header never promises what is not there.
void CheckUnrepaired(const FaultyDisk& disk, const Record& record, const char* what) {
  for (const std::string& name : disk.Names()) {
    const std::vector<uint8_t>& content = *disk.Content(name);
    if (!name.ends_with(".wav") || content.size() < 512 || Get32(content, 0) != kRiff) continue;
    const uint32_t promised = Get32(content, 508);
    CHECK(promised <= content.size() - 512 && promised % 2 == 0, "%s: %s promises %u of %zu bytes", what, name.c_str(),
          promised, content.size() - 512);
    CHECK(Get32(content, 4) <= content.size() - 8, "%s: %s", what, name.c_str());
    std::vector<uint8_t> even(content.begin(), content.end() - static_cast<ptrdiff_t>(content.size() % 2));
    CHECK(IsFrom(SamplesIn(even), SamplesIn(record.clips.at(name).content), promised / 2), "%s: %s", what,
          name.c_str());
  }
}

void CheckRepaired(FaultyDisk& disk, const Record& record, int64_t cut, Survival survival, const char* what,
                   const std::map<std::string, uint32_t>& promised) {
  Bench bench(Spec(true), {&disk});
  bench.HearTo(Bench::kBlock);
  CHECK(bench.store.status().volume == "disk", "%s", what);

  std::set<std::string> present;
  for (const auto& clip : bench.store.clips()) present.insert(clip.name());
  for (const auto& [name, clip] : record.clips) {
    if (clip.complete < cut && clip.removed >= cut) {
      CHECK(present.contains(name) && *disk.Content(name) == clip.content, "%s: %s is not intact", what, name.c_str());
    }
  }
  for (const std::string& name : present) {
    const std::vector<uint8_t>& content = *disk.Content(name);
    CHECK(IsWholeWav(content), "%s: %s", what, name.c_str());
    const auto samples = SamplesIn(content);
    CHECK(!samples.empty(), "%s: %s", what, name.c_str());
    const auto before = promised.find(name);
    const size_t sure = survival == Survival::kInOrder ? samples.size()
                        : before == promised.end()     ? 0
                                                       : before->second / 2;
    CHECK(IsFrom(samples, SamplesIn(record.clips.at(name).content), sure), "%s: %s", what, name.c_str());
  }
  for (const auto& [name, bytes] : promised)
    CHECK(bytes == 0 || present.contains(name), "%s: %s was thrown away", what, name.c_str());
  for (const auto& [name, star] : record.stars) {
    const std::string clip = name.substr(0, name.size() - 5) + ".wav";
    if (star.complete >= cut || star.removed < cut || !present.contains(clip)) continue;
    const auto entry = std::ranges::find(bench.store.clips(), clip, &clip_store::Clip::name);
    CHECK(entry->starred, "%s: %s lost its star", what, clip.c_str());
  }

  const std::vector<std::string> lines = LinesOn(disk);
  size_t next = 0;
  for (const Record::Line& line : record.lines) {
    const bool here = next < lines.size() && lines[next] == line.text;
    if (here) ++next;
    CHECK(here || line.synced >= cut || line.removed < cut, "%s: lost the line %s", what, line.text.c_str());
  }
  CHECK(next == lines.size(), "%s: a line that was never written: %s", what, lines[next].c_str());
  for (const std::string& name : disk.Names()) {
    if (!name.starts_with("journal") || disk.Content(name)->empty()) continue;
    CHECK(disk.Content(name)->back() == '\n', "%s: %s ends in half a line", what, name.c_str());
  }

  bench.HearTo(10000);
  bench.Start(1, 8000);
  bench.HearTo(16000);
  bench.End(1, 8000, 13000);
  bench.HearTo(24000);
  CHECK(bench.store.status().clips_written == 1 && bench.store.status().lines_written == 2, "%s", what);
  CHECK(LinesOn(disk).size() == lines.size() + 2, "%s", what);
}

int Main(const char* folder) {
  const Record record = MakeRecord();
  CHECK(record.clips.size() == 7, "%zu", record.clips.size());
  CHECK(record.stars.size() == 1);
  CHECK(record.lines.size() == 16);
  CHECK(std::ranges::any_of(record.clips, [](const auto& clip) { return clip.second.removed != INT64_MAX; }));
  CHECK(std::ranges::any_of(record.lines, [](const auto& line) { return line.removed != INT64_MAX; }));

  int64_t cuts = 0;
  for (int64_t cut = 0; cut < record.changes; ++cut) {
    for (const size_t bytes : {size_t{0}, size_t{5}, size_t{509}, size_t{2999}}) {
      for (const Survival survival : {Survival::kInOrder, Survival::kAnySectors}) {
        FaultyDisk disk;
        disk.CutAt(cut, bytes);
        Run(disk);
        CHECK(disk.lost_power());
        disk.Reboot(survival, static_cast<uint32_t>(cut * 16 + static_cast<int64_t>(bytes)));
        char what[64];
        std::snprintf(what, sizeof what, "cut %d byte %d %s", static_cast<int>(cut), static_cast<int>(bytes),
                      survival == Survival::kInOrder ? "in order" : "any sectors");
        std::map<std::string, uint32_t> promised;
        for (const std::string& name : disk.Names()) {
          const auto& content = *disk.Content(name);
          if (name.ends_with(".wav") && content.size() >= 512 && Get32(content, 0) == kRiff)
            promised[name] = Get32(content, 508);
        }
        CheckUnrepaired(disk, record, what);
        const bool exported =
            folder != nullptr && survival == Survival::kInOrder && (cut * 8 + static_cast<int64_t>(bytes)) % 37 == 0;
        const std::string place =
            exported ? std::string(folder) + "/" + std::to_string(cut) + "-" + std::to_string(bytes) : "";
        if (exported) disk.Export(place + "-cut");
        CheckRepaired(disk, record, cut, survival, what, promised);
        if (exported) disk.Export(place + "-repaired");
        ++cuts;
      }
    }
  }
  std::printf("%d changes in the run, %d power cuts survived\n", static_cast<int>(record.changes),
              static_cast<int>(cuts));
  return 0;
}

}  // namespace
}  // namespace native_tests

int main(int count, char** arguments) { return native_tests::Main(count > 1 ? arguments[1] : nullptr); }

// SPDX-License-Identifier: Apache-2.0
#include "clip_store/clip_store.h"

#include <algorithm>

#include "clip_store/event_line.h"

namespace clip_store {

using sound_events::Event;
using sound_events::EventKind;

namespace {

constexpr size_t kMaxRunning = 64;

}  // namespace

ClipStore::ClipStore(const ClipStoreSpec& spec, const SampleRing& ring, EventQueue& events,
                     std::span<Volume* const> volumes, const Clock& clock)
    : spec_(spec), ring_(ring), events_(events), clock_(clock), media_(volumes, spec.journal) {}

ClipStore::~ClipStore() { Close(); }

void ClipStore::Service(int64_t now_ms) {
  Probe(now_ms);
  while (const auto event = events_.Pop()) Take(*event);
  WriteLines();
  Copy();
}

void ClipStore::Close() {
  if (!recording_) return;
  recording_->end = std::min(recording_->end, ring_.end());
  Copy();
  WriteLines();
}

ClipStoreStatus ClipStore::status() const {
  ClipStoreStatus status = counts_;
  if (media_) {
    status.volume = media_.name();
    status.clips = media_.catalog().clips().size();
  }
  status.recording = RecordingName();
  if (!status.last_error) status.last_error = media_.last_error();
  status.clips_repaired = media_.repaired_clips();
  status.events_dropped = events_.dropped();
  status.mounts = media_.mounts();
  return status;
}

std::span<const Clip> ClipStore::clips() const {
  return media_ ? std::span<const Clip>(media_.catalog().clips()) : std::span<const Clip>();
}

StorageResult<void> ClipStore::Star(std::string_view name, bool starred) {
  if (!media_) return std::unexpected(StorageError::kGone);
  return media_.catalog().Star(name, starred);
}

StorageResult<void> ClipStore::Remove(std::string_view name) {
  if (!media_) return std::unexpected(StorageError::kGone);
  if (recording_ && recording_->name == name) return std::unexpected(StorageError::kReadOnly);
  return media_.catalog().Remove(name);
}

void ClipStore::Probe(int64_t now_ms) {
  if (probed_ms_ && now_ms - *probed_ms_ < spec_.probe_interval_ms) return;
  probed_ms_ = now_ms;
  if (media_ && !media_.Alive()) return Abandon(StorageError::kGone);
  if (recording_) return;
  const uint32_t mounts = media_.mounts();
  media_.Improve();
  if (media_.mounts() != mounts) Retain(0);
}

// --- Events

void ClipStore::Take(const Event& event) {
  if (event.kind == EventKind::kStart) Begin(event);
  if (event.kind == EventKind::kEnd) End(event);
}

void ClipStore::Begin(const Event& event) {
  if (recording_ && event.start_sample >= LimitOf(*recording_)) Copy();  // It is due to be completed.
  if (recording_) {
    recording_->end = kOpenEnd;
  } else {
    Record({.boot = spec_.boot_count, .sequence = event.sequence}, event.start_sample - spec_.pre_roll, kOpenEnd);
  }
  if (running_.size() == kMaxRunning) running_.erase(running_.begin());
  running_.push_back({.sequence = event.sequence, .clip = std::string(RecordingName())});
  Note(event, running_.back().clip);
}

void ClipStore::End(const Event& event) {
  const auto running = std::ranges::find(running_, event.sequence, &Running::sequence);
  const std::string clip = running != running_.end() ? running->clip : std::string();
  if (running != running_.end()) running_.erase(running);
  Note(event, clip);
  if (!recording_ || clip != recording_->name) return;
  recording_->wanted_end = std::max(recording_->wanted_end, event.end_sample + spec_.post_roll);
  if (std::ranges::find(running_, clip, &Running::clip) == running_.end()) recording_->end = recording_->wanted_end;
}

void ClipStore::Note(const Event& event, std::string_view clip) {
  std::string line =
      EventLine(event, {.boot = spec_.boot_count, .sequence = event.sequence}, clock_.TimeOf(event.start_sample), clip);
  latest_lines_.push_back(line);
  if (latest_lines_.size() > kLatestLines) latest_lines_.pop_front();
  if (waiting_.size() == kMaxWaitingLines) {
    ++counts_.lines_dropped;
    return;
  }
  waiting_.push_back(std::move(line));
}

void ClipStore::WriteLines() {
  while (media_ && !waiting_.empty()) {
    const auto written = media_.journal().Append(waiting_.front());
    if (written) {
      waiting_.pop_front();
      ++counts_.lines_written;
    } else if (written.error() != StorageError::kNoSpace) {
      Abandon(written.error());
    } else if (!MakeSpace()) {
      return;
    }
  }
}

// --- Clips

int64_t ClipStore::LimitOf(const Recording& recording) const {
  return std::min(recording.end, recording.start + spec_.max_clip);
}

void ClipStore::Record(const EventId& id, int64_t start, int64_t end) {
  while (media_) {
    Retain(static_cast<uint64_t>(spec_.pre_roll + spec_.post_roll) * 2);
    if (!media_) return;
    const auto opened = OpenClip(id, start, end);
    if (opened) return;
    counts_.last_error = opened.error();
    if (opened.error() != StorageError::kNoSpace) {
      media_.GiveUp();
    } else if (!MakeSpace()) {
      return;
    }
  }
}

StorageResult<void> ClipStore::OpenClip(const EventId& id, int64_t start, int64_t end) {
  start = std::max(start, ring_.oldest());
  const EventTime time = clock_.TimeOf(start);
  const std::string name = ClipName::Make(id, time);
  if (media_.catalog().Has(name)) return {};  // A boot count used twice: what is there already is worth more.
  auto file = media_.files().Open(name, FileLayer::Mode::kCreate);
  if (!file) return std::unexpected(file.error());
  auto wav = WavFile::Create(*std::move(file));
  if (!wav) {
    if (wav.error() == StorageError::kNoSpace) (void)media_.files().Remove(name);
    return std::unexpected(wav.error());
  }
  media_.catalog().Add({.id = id,
                        .name = name,
                        .bytes = WavFile::kHeaderBytes,
                        .utc_s = ClipName::Parse(name)->utc_s,
                        .starred = false});
  recording_.emplace(Recording{.id = id,
                               .name = name,
                               .wav = *std::move(wav),
                               .start = start,
                               .end = end,
                               .wanted_end = start,
                               .next = start,
                               .checkpointed = start});
  return {};
}

void ClipStore::Copy() {
  while (recording_) {
    const int64_t limit = LimitOf(*recording_);
    const int64_t until = std::min(limit, ring_.end());
    if (recording_->next < until && !CopySome(until)) return;
    if (!recording_) return;
    if (recording_->next >= limit) return Finish();
    if (recording_->next >= until) return;
  }
}

/// Copies a buffer's worth from the ring to the clip. False when the clip could not take it.
bool ClipStore::CopySome(int64_t until) {
  Recording& recording = *recording_;
  const auto count = static_cast<size_t>(std::min<int64_t>(until - recording.next, kCopySamples));
  const std::span<int16_t> pcm = std::span(buffer_).first(count);
  const int64_t lost = ring_.Read(recording.next, pcm);
  const auto appended = Append(pcm);
  if (!appended) return CutShort(appended.error());
  counts_.samples_dropped += static_cast<uint64_t>(lost);
  recording.next += static_cast<int64_t>(count);
  if (recording.next - recording.checkpointed < spec_.header_interval) return true;
  const auto promised = recording.wav.Checkpoint();
  if (!promised) return CutShort(promised.error());
  recording.checkpointed = recording.next;
  Retain(0);
  return true;
}

StorageResult<void> ClipStore::Append(std::span<const int16_t> pcm) {
  while (true) {
    const auto appended = recording_->wav.Append(pcm);
    if (appended || appended.error() != StorageError::kNoSpace || !MakeSpace()) return appended;
  }
}

bool ClipStore::CutShort(StorageError error) {
  if (error != StorageError::kNoSpace) {
    Abandon(error);
  } else {
    counts_.last_error = error;
    ++counts_.clips_cut_short;
    Finish();
  }
  return false;
}

/// The end of an event is known later than it was heard: what was written behind the post-roll goes again.
void ClipStore::Finish() {
  const int64_t wanted = std::max(LimitOf(*recording_) - recording_->start, int64_t{0});
  const auto result = recording_->wav.Complete(wanted);
  if (!result && result.error() != StorageError::kNoSpace) return Abandon(result.error());
  const uint64_t bytes = WavFile::kHeaderBytes + static_cast<uint64_t>(recording_->wav.samples()) * 2;
  media_.catalog().SetBytes(recording_->name, bytes);
  recording_.reset();
  ++counts_.clips_written;
  Retain(0);
}

// --- Space and failures

void ClipStore::Retain(uint64_t extra_bytes) {
  if (!media_) return;
  const std::optional<int64_t> now_ms = clock_.TimeOf(ring_.end()).utc_ms;
  const std::optional<int64_t> now_s = now_ms ? std::optional(*now_ms / 1000) : std::nullopt;
  const size_t before = media_.catalog().clips().size();
  const auto removed = media_.catalog().Retain(spec_.retention, now_s, RecordingName(), extra_bytes);
  counts_.clips_removed += before - media_.catalog().clips().size();
  if (!removed) Abandon(removed.error());
}

bool ClipStore::MakeSpace() {
  const auto removed = media_.catalog().RemoveOldest(RecordingName());
  if (!removed || !*removed) return false;
  ++counts_.clips_removed;
  return true;
}

/// Gives up a volume that has failed. The clip being written goes on elsewhere with what the ring holds of it.
void ClipStore::Abandon(StorageError error) {
  counts_.last_error = error;
  if (!recording_) return media_.GiveUp();
  const EventId id = recording_->id;
  const std::string name = recording_->name;
  const int64_t start = recording_->start;
  const int64_t end = recording_->end;
  const int64_t wanted_end = recording_->wanted_end;
  recording_.reset();  // Its file has to be closed before the volume is unmounted.
  ++counts_.clips_cut_short;
  media_.GiveUp();
  Record(id, start, end);
  if (recording_) recording_->wanted_end = wanted_end;
  for (Running& running : running_) {
    if (running.clip == name) running.clip = RecordingName();
  }
}

}  // namespace clip_store

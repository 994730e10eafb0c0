// SPDX-License-Identifier: Apache-2.0
#include "clip_store/clip_store.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace clip_store {

using sound_events::Event;
using sound_events::EventKind;

namespace {

constexpr size_t kMaxRunning = 64;

}  // namespace

ClipStore::ClipStore(const ClipStoreSpec& spec, const SampleRing& ring, EventQueue& events,
                     std::span<Volume* const> volumes, const Clock& clock, const base::MakeLock& make_lock)
    : spec_(spec),
      ring_(ring),
      events_(events),
      clock_(clock),
      readers_(std::make_shared<ClipReaders>(make_lock())),
      media_(std::make_unique<Media>(
          volumes, spec.journal,
          Media::Hooks{.mounted = [this](size_t volume, std::optional<EventId> largest) { Mounted(volume, largest); },
                       .unmounting = [this] { readers_->CloseAll(); },
                       .removing = [this](const ClipName& clip) { readers_->Close(clip); }})),
      largest_ids_(volumes.size()),
      published_lock_(make_lock()),
      boot_(spec.boot_count) {
  Publish();
}

ClipStore::~ClipStore() {
  Close();
  const std::lock_guard guard(readers_->lock());
  media_.reset();
}

void ClipStore::Service(int64_t now_ms) {
  {
    const std::lock_guard guard(readers_->lock());
    FormatIfAsked();
    Probe(now_ms);
    while (const auto event = events_.Pop()) Take(*event);
    WriteLines();
  }
  for (bool more = true; more;) {  // Others have their turn in between.
    const std::lock_guard guard(readers_->lock());
    more = CopyOnce();
    if (!more) Publish();
  }
}

void ClipStore::Close() {
  const std::lock_guard guard(readers_->lock());
  if (recording_) {
    recording_->end = std::min(recording_->end, ring_.end());
    Copy();
    WriteLines();
  }
  Publish();
}

void ClipStore::Publish() {
  counts_.volume = *media_ ? media_->name() : std::string_view();
  counts_.volumes = media_->volumes();
  counts_.clips = *media_ ? media_->catalog().clips().size() : 0;
  counts_.recording = RecordingName();
  counts_.clips_repaired = media_->repaired_clips();
  counts_.mounts = media_->mounts();
  const std::lock_guard guard(*published_lock_);
  published_ = counts_;
  if (!published_.last_error) published_.last_error = media_->last_error();
}

ClipStoreStatus ClipStore::status() const {
  const std::lock_guard guard(*published_lock_);
  ClipStoreStatus status = published_;
  status.events_dropped = events_.dropped();
  return status;
}

std::vector<std::string> ClipStore::latest_lines() const {
  const std::lock_guard guard(*published_lock_);
  std::vector<std::string> lines;
  for (const Line& line : latest_lines_) lines.push_back(line.text);
  return lines;
}

std::span<const Clip> ClipStore::clips() const {
  return *media_ ? std::span<const Clip>(media_->catalog().clips()) : std::span<const Clip>();
}

// --- What other tasks ask for

StorageResult<std::vector<Clip>> ClipStore::ListClips(std::string_view before, size_t count) const {
  const auto clip = ClipName::Parse(before);
  if (!clip && !before.empty()) return std::unexpected(StorageError::kNotFound);
  const PatientGuard guard(readers_->lock());
  if (!guard) return std::unexpected(StorageError::kBusy);
  if (!*media_) return std::unexpected(StorageError::kGone);
  return media_->catalog().Before(clip, std::min(count, kMostListed));
}

StorageResult<std::unique_ptr<ClipReader>> ClipStore::OpenClip(std::string_view name) {
  const PatientGuard guard(readers_->lock());
  if (!guard) return std::unexpected(StorageError::kBusy);
  if (!*media_) return std::unexpected(StorageError::kGone);
  const Clip* const clip = media_->catalog().Find(name);
  if (clip == nullptr) return std::unexpected(StorageError::kNotFound);
  if (clip->key == RecordingClip() || readers_->full()) return std::unexpected(StorageError::kBusy);
  auto file = OpenWav(media_->files(), name);
  if (!file) return std::unexpected(file.error());
  const auto size = (*file)->Size();
  if (!size) return std::unexpected(size.error());
  return readers_->Add(clip->key, *std::move(file), *size);
}

StorageResult<void> ClipStore::Star(std::string_view name, bool starred) {
  const PatientGuard guard(readers_->lock());
  if (!guard) return std::unexpected(StorageError::kBusy);
  if (!*media_) return std::unexpected(StorageError::kGone);
  return media_->catalog().Star(name, starred);
}

StorageResult<void> ClipStore::Remove(std::string_view name) {
  const PatientGuard guard(readers_->lock());
  if (!guard) return std::unexpected(StorageError::kBusy);
  if (!*media_) return std::unexpected(StorageError::kGone);
  if (recording_ && RecordingName() == name) return std::unexpected(StorageError::kBusy);
  return media_->catalog().Remove(name);
}

StorageResult<JournalPage> ClipStore::ReadJournal(const JournalCursor& from, size_t max_lines) {
  const PatientGuard guard(readers_->lock());
  if (!guard) return std::unexpected(StorageError::kBusy);
  if (!*media_) return std::unexpected(StorageError::kGone);
  if (from.mount != 0 && from.mount != media_->mounts()) return std::unexpected(StorageError::kGone);
  JournalPage page;
  const auto next =
      media_->journal().ReadBack(from.before, max_lines, [&](std::string_view line) { page.lines.emplace_back(line); });
  if (!next) return std::unexpected(next.error());
  if (*next) page.next = JournalCursor{.before = **next, .mount = media_->mounts()};
  return page;
}

StorageResult<void> ClipStore::RequestFormat(std::string_view volume) {
  const std::lock_guard guard(*published_lock_);
  const auto found = std::ranges::find(published_.volumes, volume, &VolumeStatus::name);
  if (found == published_.volumes.end()) return std::unexpected(StorageError::kNotFound);
  if (!found->can_format) return std::unexpected(StorageError::kReadOnly);
  if (found->state != VolumeState::kNeedsFormat) return std::unexpected(StorageError::kBusy);
  format_wish_ = static_cast<size_t>(found - published_.volumes.begin());
  return {};
}

void ClipStore::FormatIfAsked() {
  std::optional<size_t> volume;
  {
    const std::lock_guard guard(*published_lock_);
    volume = std::exchange(format_wish_, std::nullopt);
  }
  if (!volume) return;
  media_->Format(*volume);
  probed_ms_.reset();
}

// --- Volumes

void ClipStore::Probe(int64_t now_ms) {
  if (probed_ms_ && now_ms - *probed_ms_ < spec_.probe_interval_ms) return;
  probed_ms_ = now_ms;
  if (*media_ && !media_->Alive()) return Abandon(StorageError::kGone);
  if (recording_) return;
  const uint32_t mounts = media_->mounts();
  media_->Improve();
  if (media_->mounts() != mounts) Retain(0);
}

/// Raises the boot number where the volume has ids that a next event of ours could repeat, and gives new ids to what
/// waits to be written with one that may be there.
void ClipStore::Mounted(size_t volume, std::optional<EventId> largest) {
  free_boot_ = 0;
  const bool as_we_left_it = largest == largest_ids_[volume];
  largest_ids_[volume] = largest;
  if (!largest) return;
  free_boot_ = largest->boot + (as_we_left_it ? 0 : 1);
  if (free_boot_ > boot()) boot_.store(free_boot_, std::memory_order_relaxed);
  for (Running& running : running_) running.id = Reissued(running.id);
  const std::lock_guard guard(*published_lock_);
  for (Waiting& waiting : waiting_) {
    if (Reissued(waiting.id) == waiting.id) continue;
    waiting.id = Reissued(waiting.id);
    const auto line = std::ranges::find(latest_lines_, waiting.number, &Line::number);
    if (line == latest_lines_.end()) continue;
    line->text = waiting.Text();
    lines_revision_.fetch_add(1, std::memory_order_release);
  }
}

void ClipStore::Wrote(const EventId& id) {
  std::optional<EventId>& largest = largest_ids_[media_->index()];
  largest = std::max(largest, std::optional(id));
}

EventId ClipStore::Reissued(const EventId& id) const {
  return id.boot < free_boot_ ? EventId{.boot = boot(), .sequence = id.sequence} : id;
}

// --- Events

void ClipStore::Take(const Event& event) {
  if (event.kind == EventKind::kStart) Begin(event);
  if (event.kind == EventKind::kEnd) End(event);
}

void ClipStore::Begin(const Event& event) {
  const EventId id{.boot = boot(), .sequence = event.sequence};
  if (recording_ && event.start_sample >= LimitOf(*recording_)) Copy();  // It is due to be completed.
  if (recording_) {
    recording_->end = kOpenEnd;
  } else {
    Record(id, event.start_sample - spec_.pre_roll, kOpenEnd);
  }
  if (running_.size() == kMaxRunning) running_.erase(running_.begin());
  running_.push_back({.id = Reissued(id), .clip = RecordingPlace()});
  Note(event, running_.back().id, running_.back().clip);
}

void ClipStore::End(const Event& event) {
  const auto running =
      std::ranges::find(running_, event.sequence, [](const Running& each) { return each.id.sequence; });
  const bool known = running != running_.end();
  const EventId id = known ? running->id : EventId{.boot = boot(), .sequence = event.sequence};
  const ClipPlace clip = known ? running->clip : ClipPlace{};
  if (known) running_.erase(running);
  Note(event, id, clip);
  if (!recording_ || clip.name != RecordingName()) return;
  recording_->wanted_end = std::max(recording_->wanted_end, event.end_sample + spec_.post_roll);
  const auto in_clip = [&](const Running& each) { return each.clip.name == clip.name; };
  if (std::ranges::none_of(running_, in_clip)) recording_->end = recording_->wanted_end;
}

std::string ClipStore::Waiting::Text() const { return EventLine(event, id, time, clip); }

void ClipStore::Note(const Event& event, const EventId& id, const ClipPlace& clip) {
  const Waiting line{
      .number = lines_++, .event = event, .id = id, .time = clock_.TimeOf(event.start_sample), .clip = clip};
  {
    const std::lock_guard guard(*published_lock_);
    latest_lines_.push_back({.number = line.number, .text = line.Text()});
    if (latest_lines_.size() > kLatestLines) latest_lines_.pop_front();
    lines_revision_.fetch_add(1, std::memory_order_release);
  }
  if (waiting_.size() == kMaxWaitingLines) {
    ++counts_.lines_dropped;
    return;
  }
  waiting_.push_back(line);
}

void ClipStore::WriteLines() {
  while (*media_ && !waiting_.empty()) {
    const auto written = media_->journal().Append(waiting_.front().Text());
    if (written) {
      Wrote(waiting_.front().id);
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
  while (*media_) {
    Retain(static_cast<uint64_t>(spec_.pre_roll + spec_.post_roll) * 2);
    if (!*media_) return;
    const auto started = StartClip(Reissued(id), start, end);
    if (started) return;
    counts_.last_error = started.error();
    if (started.error() != StorageError::kNoSpace) {
      media_->GiveUp(started.error());
    } else if (!MakeSpace()) {
      return;
    }
  }
}

StorageResult<void> ClipStore::StartClip(const EventId& id, int64_t start, int64_t end) {
  start = std::max(start, ring_.oldest());
  const ClipName clip = ClipName::Of(id, clock_.TimeOf(start));
  if (media_->catalog().Has(clip)) return {};  // What is there already is worth more.
  auto wav = WavFile::Create(media_->files(), clip.Text());
  if (!wav) return std::unexpected(wav.error());
  media_->catalog().Add(clip, WavFile::kHeaderBytes);
  Wrote(id);
  recording_.emplace(Recording{.clip = clip,
                               .wav = *std::move(wav),
                               .start = start,
                               .end = end,
                               .wanted_end = start,
                               .next = start,
                               .checkpointed = start});
  Publish();  // Whoever finds the clip in the list knows that it is being written.
  return {};
}

void ClipStore::Copy() {
  while (CopyOnce()) {
  }
}

/// @return whether there is more to be done.
bool ClipStore::CopyOnce() {
  if (!recording_) return false;
  const int64_t limit = LimitOf(*recording_);
  const int64_t until = std::min(limit, ring_.end());
  if (recording_->next < until && !CopySome(until)) return false;
  if (!recording_) return false;
  if (recording_->next >= limit) {
    Finish();
    return false;
  }
  return recording_->next < until;
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
  media_->catalog().SetBytes(recording_->clip, bytes);
  recording_.reset();
  ++counts_.clips_written;
  Retain(0);
}

// --- Space and failures

void ClipStore::Retain(uint64_t extra_bytes) {
  if (!*media_) return;
  const std::optional<int64_t> now_ms = clock_.TimeOf(ring_.end()).utc_ms;
  const std::optional<int64_t> now_s = now_ms ? std::optional(*now_ms / 1000) : std::nullopt;
  const size_t before = media_->catalog().clips().size();
  const auto retained = media_->catalog().Retain(spec_.retention, now_s, RecordingClip(), extra_bytes);
  counts_.clips_removed += before - media_->catalog().clips().size();
  if (!retained) Abandon(retained.error());
}

bool ClipStore::MakeSpace() {
  const auto removed = media_->catalog().RemoveOldest(RecordingClip());
  if (!removed || !*removed) return false;
  ++counts_.clips_removed;
  return true;
}

/// Gives up a volume that has failed. The clip being written goes on elsewhere with what the ring holds of it.
void ClipStore::Abandon(StorageError error) {
  counts_.last_error = error;
  if (!recording_) return media_->GiveUp(error);
  const EventId id = recording_->clip.id;
  const std::string name = RecordingName();
  const int64_t start = recording_->start;
  const int64_t end = recording_->end;
  const int64_t wanted_end = recording_->wanted_end;
  recording_.reset();  // Its file has to be closed before the volume is unmounted.
  ++counts_.clips_cut_short;
  media_->GiveUp(error);
  Record(id, start, end);
  if (recording_) recording_->wanted_end = wanted_end;
  for (Running& running : running_) {
    if (running.clip.name == name) running.clip = RecordingPlace();
  }
}

}  // namespace clip_store

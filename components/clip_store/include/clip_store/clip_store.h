// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/lock.h"
#include "base/sample_rate.h"
#include "clip_store/clip_name.h"
#include "clip_store/clip_reader.h"
#include "clip_store/event_line.h"
#include "clip_store/event_queue.h"
#include "clip_store/media.h"
#include "clip_store/sample_ring.h"
#include "clip_store/storage.h"
#include "clip_store/wav_file.h"

namespace clip_store {

/// Lengths are in samples at 16 kHz.
struct ClipStoreSpec {
  int64_t pre_roll = base::SamplesIn(5);
  int64_t post_roll = base::SamplesIn(3);
  int64_t max_clip = base::SamplesIn(120);
  int64_t header_interval = base::SamplesIn(2);  ///< From one rewriting of a growing clip's header to the next.
  int64_t probe_interval_ms = 5000;              ///< From one look whether a medium is (back) there to the next.
  RetentionSpec retention;
  JournalSpec journal;
  uint32_t boot_count = 1;  ///< As the device counts its boots; ids begin there or higher, see ClipStore::boot().
};

/// When samples were heard.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual EventTime TimeOf(int64_t sample) const = 0;
};

/// How the store is, for heartbeat and metrics. Counts are since boot.
struct ClipStoreStatus {
  std::string volume;                 ///< Name of the one in use, empty while there is none.
  std::vector<VolumeStatus> volumes;  ///< All, the preferred one first.
  std::string recording;              ///< Name of the clip being written, or empty.
  std::optional<StorageError> last_error;
  size_t clips;  ///< On this volume.
  uint64_t clips_written;
  uint64_t clips_cut_short;  ///< By a full or vanished medium.
  uint64_t clips_repaired;
  uint64_t clips_removed;    ///< By retention.
  uint64_t samples_dropped;  ///< Overwritten in the ring before storage took them; silent in the clip.
  uint64_t lines_written;
  uint64_t lines_dropped;   ///< No medium took them for so long that too many waited.
  uint32_t events_dropped;  ///< The queue was full.
  uint32_t mounts;
};

/// A place in the journal of the volume that was in use.
struct JournalCursor {
  JournalPosition before;
  uint32_t mount = 0;  ///< 0: of whatever volume is in use.
};

struct JournalPage {
  std::vector<std::string> lines;     ///< Newest first.
  std::optional<JournalCursor> next;  ///< For the lines before these; nothing when these are the first ones.
};

/// Writes what was heard: a clip for each event or group of overlapping events, and a journal line for each start and
/// end.
///
/// The audio path touches the ring and the queue only, and never waits. One other task, storage's, calls Service()
/// several times a second; there storage may take as long as it likes: what the ring holds is not lost. The first call
/// mounts. When the volume in use fails, the next one is used at once, and the clip begins anew there with what the
/// ring still holds of it; a better volume that comes back is used from the next clip on. Journal lines wait for a
/// volume in a bounded list.
///
/// An event's id is new on the volume in use and larger than all there: its boot number is the device's count, or one
/// more than the largest that any volume mounted in this run had when it was mounted. A line that waits while a volume
/// comes that has its id already is given a new one.
///
/// Every task may call what is below "For any task": no call waits longer than PatientGuard does, but answers kBusy;
/// and nobody who reads holds storage up for longer than one read takes.
class ClipStore {
 public:
  static constexpr size_t kMaxWaitingLines = 64;
  static constexpr size_t kLatestLines = 12;
  static constexpr size_t kMostListed = 100;

  /// @param ring     must hold the pre-roll, the detector's delay and as many seconds as storage may be slow.
  /// @param volumes  the preferred one first.
  /// All of these outlive the store.
  ClipStore(const ClipStoreSpec& spec, const SampleRing& ring, EventQueue& events, std::span<Volume* const> volumes,
            const Clock& clock, const base::MakeLock& make_lock);
  ~ClipStore();
  ClipStore(const ClipStore&) = delete;
  ClipStore& operator=(const ClipStore&) = delete;

  // --- For storage's task

  /// Takes what has come since the last call: events, samples, media, wishes.
  /// @param now_ms  a clock that never goes back.
  void Service(int64_t now_ms);

  /// Completes the clip being written with what the ring holds of it, as before a restart.
  void Close();

  /// The clips of the volume in use, oldest first.
  std::span<const Clip> clips() const;

  // --- For any task

  /// As of the end of the last Service().
  ClipStoreStatus status() const;

  /// The boot number of the next event's id. When it exceeds the device's boot count, the device has to store it as
  /// that, so that ids do not fall when a volume is lost.
  uint32_t boot() const { return boot_.load(std::memory_order_relaxed); }

  /// Changes with latest_lines(), for those who would copy them again and again.
  uint32_t lines_revision() const { return lines_revision_.load(std::memory_order_acquire); }

  /// The latest journal lines, oldest first, whether a medium has taken them or not.
  std::vector<std::string> latest_lines() const;

  /// Clips of the volume in use, newest first.
  /// @param before  a clip's name, be it there or not: those older than it; empty: from the newest on.
  /// @param count   kMostListed at most.
  /// @return kGone while there is no volume, kNotFound when `before` is no clip's name.
  StorageResult<std::vector<Clip>> ListClips(std::string_view before, size_t count) const;

  /// Opens a clip for reading; it may be kept open as long as one likes.
  /// @return kGone while there is no volume, kNotFound when there is no such clip, kBusy for the clip being written and
  ///         when ClipReaders::kMost are open.
  StorageResult<std::unique_ptr<ClipReader>> OpenClip(std::string_view name);

  /// @return kGone while there is no volume, kNotFound when there is no such clip.
  StorageResult<void> Star(std::string_view name, bool starred);

  /// @return the same, and kBusy for the clip being written.
  StorageResult<void> Remove(std::string_view name);

  /// Lines of the journal on the volume in use, newest first; a page may have fewer than asked for, or none, and yet a
  /// next one.
  /// @return kGone while there is no volume, and for a cursor from before another one was mounted.
  StorageResult<JournalPage> ReadJournal(const JournalCursor& from, size_t max_lines);

  /// Asks storage's task to format a volume whose state is kNeedsFormat: what is on it is lost. status() tells what
  /// became of it.
  /// @return kNotFound when there is no such volume, kReadOnly for one that is never formatted, kBusy for one that
  /// needs
  ///         no format.
  StorageResult<void> RequestFormat(std::string_view volume);

 private:
  static constexpr size_t kCopySamples = 4096;
  static constexpr int64_t kOpenEnd = INT64_MAX;

  /// The clip being written.
  struct Recording {
    ClipName clip;
    WavFile wav;
    int64_t start;
    int64_t end;           ///< kOpenEnd while an event is going on.
    int64_t wanted_end;    ///< The last ended event's end, post-roll included.
    int64_t next;          ///< The next sample to be written.
    int64_t checkpointed;  ///< Up to this sample the header promises.
  };

  /// An event that has begun and not ended, and the clip it can be heard in.
  struct Running {
    EventId id;
    ClipPlace clip;
  };

  /// A journal line that no medium has taken yet.
  struct Waiting {
    uint64_t number;  ///< Of its line.
    sound_events::Event event;
    EventId id;
    EventTime time;
    ClipPlace clip;

    std::string Text() const;
  };

  struct Line {
    uint64_t number;
    std::string text;
  };

  void Probe(int64_t now_ms);
  void FormatIfAsked();
  void Mounted(size_t volume, std::optional<EventId> largest);
  void Wrote(const EventId& id);
  EventId Reissued(const EventId& id) const;
  void Take(const sound_events::Event& event);
  void Begin(const sound_events::Event& event);
  void End(const sound_events::Event& event);
  void Record(const EventId& id, int64_t start, int64_t end);
  StorageResult<void> StartClip(const EventId& id, int64_t start, int64_t end);
  int64_t LimitOf(const Recording& recording) const;
  void Copy();
  bool CopyOnce();
  bool CopySome(int64_t until);
  StorageResult<void> Append(std::span<const int16_t> pcm);
  bool CutShort(StorageError error);
  void Finish();
  void Note(const sound_events::Event& event, const EventId& id, const ClipPlace& clip);
  void WriteLines();
  void Retain(uint64_t extra_bytes);
  bool MakeSpace();
  void Abandon(StorageError error);
  void Publish();
  std::optional<ClipName> RecordingClip() const { return recording_ ? std::optional(recording_->clip) : std::nullopt; }
  std::string RecordingName() const { return recording_ ? recording_->clip.Text() : std::string(); }
  ClipPlace RecordingPlace() const { return {RecordingName(), recording_ ? recording_->start : 0}; }

  ClipStoreSpec spec_;
  const SampleRing& ring_;
  EventQueue& events_;
  const Clock& clock_;

  // Under the readers' lock, which is also that of files and catalog.
  std::shared_ptr<ClipReaders> readers_;
  std::unique_ptr<Media> media_;
  std::optional<int64_t> probed_ms_;
  std::optional<Recording> recording_;
  std::vector<Running> running_;
  std::deque<Waiting> waiting_;
  uint64_t lines_ = 0;
  std::vector<std::optional<EventId>> largest_ids_;  ///< On each volume when it was used last.
  uint32_t free_boot_ = 0;                           ///< On the volume in use, boot numbers from here on are ours.
  std::array<int16_t, kCopySamples> buffer_{};
  ClipStoreStatus counts_{};

  // Under a lock that nobody holds while he waits for storage.
  std::unique_ptr<base::Lock> published_lock_;
  ClipStoreStatus published_{};
  std::deque<Line> latest_lines_;
  std::optional<size_t> format_wish_;

  std::atomic<uint32_t> boot_;
  std::atomic<uint32_t> lines_revision_ = 0;
};

}  // namespace clip_store

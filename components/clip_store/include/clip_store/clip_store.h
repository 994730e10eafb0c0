// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/sample_rate.h"
#include "clip_store/clip_name.h"
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
  uint32_t boot_count = 1;  ///< Never used before on these media: it makes event ids unique.
};

/// When samples were heard.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual EventTime TimeOf(int64_t sample) const = 0;
};

/// How the store is, for heartbeat and metrics. Counts are since boot; views are valid until the next Service().
struct ClipStoreStatus {
  std::string_view volume;     ///< Name of the one in use, empty while there is none.
  std::string_view recording;  ///< Name of the clip being written, or empty.
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

/// Writes what was heard: a clip for each event or group of overlapping events, and a journal line for each start and
/// end.
///
/// The audio path touches the ring and the queue only, and never waits. One other task calls Service() several times a
/// second; there storage may take as long as it likes: what the ring holds is not lost. When the volume in use fails,
/// the next one is used at once, and the clip begins anew there with what the ring still holds of it; a better volume
/// that comes back is used from the next clip on. Journal lines wait for a volume in a bounded list.
class ClipStore {
 public:
  static constexpr size_t kMaxWaitingLines = 64;
  static constexpr size_t kLatestLines = 12;

  /// @param ring     must hold the pre-roll, the detector's delay and as many seconds as storage may be slow.
  /// @param volumes  the preferred one first.
  /// All of these outlive the store.
  ClipStore(const ClipStoreSpec& spec, const SampleRing& ring, EventQueue& events, std::span<Volume* const> volumes,
            const Clock& clock);
  ~ClipStore();
  ClipStore(const ClipStore&) = delete;
  ClipStore& operator=(const ClipStore&) = delete;

  /// Takes what has come since the last call: events, samples, media.
  /// @param now_ms  a clock that never goes back.
  void Service(int64_t now_ms);

  /// Completes the clip being written with what the ring holds of it, as before a restart.
  void Close();

  ClipStoreStatus status() const;

  /// The latest journal lines, oldest first, whether a medium has taken them or not.
  const std::deque<std::string>& latest_lines() const { return latest_lines_; }

  /// The clips of the volume in use, oldest first.
  std::span<const Clip> clips() const;

  /// The folder of the volume in use, for reading on the same task; nullptr while there is none.
  FileLayer* files() { return media_ ? &media_.files() : nullptr; }

  /// @return kGone while there is no volume, kNotFound when there is no such clip.
  StorageResult<void> Star(std::string_view name, bool starred);

  /// @return the same, and kReadOnly for the clip being written.
  StorageResult<void> Remove(std::string_view name);

 private:
  static constexpr size_t kCopySamples = 4096;
  static constexpr int64_t kOpenEnd = INT64_MAX;

  /// The clip being written.
  struct Recording {
    EventId id;
    std::string name;
    WavFile wav;
    int64_t start;
    int64_t end;           ///< kOpenEnd while an event is going on.
    int64_t wanted_end;    ///< The last ended event's end, post-roll included.
    int64_t next;          ///< The next sample to be written.
    int64_t checkpointed;  ///< Up to this sample the header promises.
  };

  /// An event that has begun and not ended, and the clip it can be heard in.
  struct Running {
    uint32_t sequence;
    std::string clip;
  };

  void Probe(int64_t now_ms);
  void Take(const sound_events::Event& event);
  void Begin(const sound_events::Event& event);
  void End(const sound_events::Event& event);
  void Record(const EventId& id, int64_t start, int64_t end);
  StorageResult<void> OpenClip(const EventId& id, int64_t start, int64_t end);
  int64_t LimitOf(const Recording& recording) const;
  void Copy();
  bool CopySome(int64_t until);
  StorageResult<void> Append(std::span<const int16_t> pcm);
  bool CutShort(StorageError error);
  void Finish();
  void Note(const sound_events::Event& event, std::string_view clip);
  void WriteLines();
  void Retain(uint64_t extra_bytes);
  bool MakeSpace();
  void Abandon(StorageError error);
  std::string_view RecordingName() const { return recording_ ? std::string_view(recording_->name) : ""; }

  ClipStoreSpec spec_;
  const SampleRing& ring_;
  EventQueue& events_;
  const Clock& clock_;
  Media media_;
  std::optional<int64_t> probed_ms_;
  std::optional<Recording> recording_;
  std::vector<Running> running_;
  std::deque<std::string> waiting_;
  std::deque<std::string> latest_lines_;
  std::array<int16_t, kCopySamples> buffer_{};
  ClipStoreStatus counts_{};
};

}  // namespace clip_store

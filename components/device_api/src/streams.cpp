// SPDX-License-Identifier: Apache-2.0
#include "streams.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/json_members.h"

namespace device_api {
namespace {

constexpr int64_t kKeepAliveUs = 15'000'000;
constexpr size_t kJournalPage = 16;  ///< Lines have 1 KB at most, and a piece of a stream 16.

/// Sent when nothing else was for a while, so that both ends notice when the other has gone.
class KeepAlive {
 public:
  explicit KeepAlive(const listening::Services& services) : services_(services), sent_us_(services.UptimeUs()) {}

  void Fill(std::string& out) {
    const int64_t now = services_.UptimeUs();
    if (!out.empty()) sent_us_ = now;
    if (now - sent_us_ < kKeepAliveUs) return;
    out += ": still here\n\n";
    sent_us_ = now;
  }

 private:
  const listening::Services& services_;
  int64_t sent_us_;
};

/// What names a journal line: "<event>-<kind>".
std::string IdOf(std::string_view line) {
  const auto text = [&](std::string_view name) {
    const auto value = base::FindMember(line, name);
    return value ? base::AsString(*value).value_or("") : std::string();
  };
  return text("id") + "-" + text("kind");
}

/// The journal from a line on, in its order: back to that line first, then forth. Holds a place for each page of it,
/// and one page at a time.
class JournalReplay {
 public:
  /// @param after  the line's id; if there is none, all of the journal.
  JournalReplay(clip_store::ClipStore& store, std::string after) : store_(store), after_(std::move(after)) {
    // What comes while this goes on would move the pages: they are counted from the line that is the newest one now.
    const auto newest = store_.ReadJournal({}, 1);
    if (!newest || newest->lines.empty()) return;
    if (IdOf(newest->lines[0]) == after_) return;
    newest_ = newest->lines[0];
    back_ = newest->next;
  }

  /// @return the next lines, oldest first, possibly none yet; nothing when that was all.
  std::optional<std::vector<std::string>> Next() {
    if (back_) {
      GoBack();
      return std::vector<std::string>();
    }
    if (!pages_.empty()) {
      auto page = store_.ReadJournal(pages_.back(), kJournalPage);
      pages_.pop_back();
      return page ? Fresh(page->lines) : std::vector<std::string>();
    }
    if (!newest_) return std::nullopt;
    return std::vector{*std::exchange(newest_, std::nullopt)};
  }

 private:
  void GoBack() {
    const auto page = store_.ReadJournal(*back_, kJournalPage);
    if (page) pages_.push_back(*back_);
    const bool found = page && std::ranges::find(page->lines, after_, IdOf) != page->lines.end();
    back_ = page && !found ? page->next : std::nullopt;
  }

  std::vector<std::string> Fresh(std::vector<std::string>& newest_first) const {
    newest_first.erase(std::ranges::find(newest_first, after_, IdOf), newest_first.end());
    std::ranges::reverse(newest_first);
    return std::move(newest_first);
  }

  clip_store::ClipStore& store_;
  std::string after_;
  std::optional<std::string> newest_;
  std::optional<clip_store::JournalCursor> back_;
  std::vector<clip_store::JournalCursor> pages_;  ///< The newest first.
};

class Events final : public Stream {
 public:
  Events(listening::Device& device, std::string after)
      : device_(device), after_(std::move(after)), alive_(device.services()) {
    if (!after_.empty()) return;
    clip_store::ClipStore& store = device_.clips()->store();
    const auto lines = store.latest_lines();
    revision_ = store.lines_revision();
    if (!lines.empty()) {
      after_ = IdOf(lines.back());
    } else if (const auto journal = store.ReadJournal({}, 1)) {
      if (!journal->lines.empty()) after_ = IdOf(journal->lines[0]);
      from_begin_ = journal->lines.empty();
    }
  }

  bool Next(std::string& out) override {
    if (replay_) {
      WriteMissed(out);
    } else {
      WriteNew(out);
    }
    alive_.Fill(out);
    return !device_.closed();
  }

 private:
  void WriteMissed(std::string& out) {
    const auto lines = replay_->Next();
    if (!lines) {
      replay_.reset();
      replayed_ = true;
      return;
    }
    for (const std::string& line : *lines) Write(line, out);
  }

  /// The device has the latest lines at hand; who has seen none of them is told out of the journal first.
  void WriteNew(std::string& out) {
    clip_store::ClipStore& store = device_.clips()->store();
    const uint32_t revision = store.lines_revision();
    if (revision == revision_) return;
    const auto lines = store.latest_lines();
    const auto seen = std::ranges::find(lines, after_, IdOf);
    const bool some_are_gone = !after_.empty() || (from_begin_ && revision - *revision_ > lines.size());
    if (seen == lines.end() && some_are_gone && !std::exchange(replayed_, false)) {
      replay_.emplace(store, after_);
      return;
    }
    revision_ = revision;
    replayed_ = false;
    for (auto line = seen == lines.end() ? lines.begin() : seen + 1; line != lines.end(); ++line) Write(*line, out);
  }

  void Write(const std::string& line, std::string& out) {
    after_ = IdOf(line);
    (((((out += "event: event\nid: ") += after_) += "\ndata: ") += line) += "\n\n");
  }

  listening::Device& device_;
  std::string after_;        ///< The last line that was sent or had been seen.
  bool from_begin_ = false;  ///< There was none when the stream began.
  std::optional<JournalReplay> replay_;
  bool replayed_ = false;  ///< Just now: what the latest lines lack then is nowhere.
  std::optional<uint32_t> revision_;
  KeepAlive alive_;
};

/// A header that promises as much as a WAV can have (RIFF, 16 kHz mono 16 bit); players go on until the stream ends.
constexpr std::array<uint8_t, 44> kEndlessWav = {'R', 'I', 'F',  'F',  0xff, 0xff, 0xff, 0xff, 'W',  'A',  'V',
                                                 'E', 'f', 'm',  't',  ' ',  16,   0,    0,    0,    1,    0,
                                                 1,   0,   0x80, 0x3e, 0,    0,    0x00, 0x7d, 0,    0,    2,
                                                 0,   16,  0,    'd',  'a',  't',  'a',  0xff, 0xff, 0xff, 0xff};

class Audio final : public Stream {
 public:
  Audio(const listening::Device& device, const clip_store::SampleRing& ring)
      : device_(device), ring_(ring), next_(ring.end()) {}

  bool Next(std::string& out) override {
    if (!begun_) out.assign(kEndlessWav.begin(), kEndlessWav.end());
    begun_ = true;
    if (next_ < ring_.oldest()) return false;
    std::array<int16_t, 2048> pcm;
    while (out.size() + sizeof pcm <= kMostBytes) {
      const auto count = static_cast<size_t>(std::clamp<int64_t>(ring_.end() - next_, 0, pcm.size()));
      if (count == 0) break;
      const std::span<int16_t> part(pcm.data(), count);
      if (ring_.Read(next_, part) > 0) return false;
      out.append(reinterpret_cast<const char*>(part.data()), part.size_bytes());
      next_ += static_cast<int64_t>(count);
    }
    return !device_.closed();
  }

 private:
  const listening::Device& device_;
  const clip_store::SampleRing& ring_;
  int64_t next_;
  bool begun_ = false;
};

class ClipBytes final : public Stream {
 public:
  ClipBytes(std::unique_ptr<clip_store::ClipReader> reader, uint64_t first, uint64_t count)
      : reader_(std::move(reader)), next_(first), left_(count) {}

  bool Next(std::string& out) override {
    out.resize(static_cast<size_t>(std::min<uint64_t>(left_, kMostBytes)));
    const auto got = reader_->ReadAt(next_, {reinterpret_cast<uint8_t*>(out.data()), out.size()});
    out.resize(got.value_or(0));
    if (!got) return got.error() == clip_store::StorageError::kBusy;
    next_ += *got;
    left_ -= *got;
    return left_ > 0 && *got > 0;
  }

 private:
  std::unique_ptr<clip_store::ClipReader> reader_;
  uint64_t next_;
  uint64_t left_;
};

}  // namespace

std::unique_ptr<Stream> EventStream(listening::Device& device, std::string after) {
  return std::make_unique<Events>(device, std::move(after));
}

std::unique_ptr<Stream> AudioStream(const listening::Device& device, const clip_store::SampleRing& ring) {
  return std::make_unique<Audio>(device, ring);
}

std::unique_ptr<Stream> ClipStream(std::unique_ptr<clip_store::ClipReader> reader, uint64_t first, uint64_t count) {
  return std::make_unique<ClipBytes>(std::move(reader), first, count);
}

}  // namespace device_api

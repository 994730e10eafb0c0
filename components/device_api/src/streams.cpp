// SPDX-License-Identifier: Apache-2.0
#include "streams.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/json_members.h"

namespace device_api {
namespace {

constexpr int64_t kKeepAliveUs = 15'000'000;
constexpr size_t kJournalPage = 32;
constexpr size_t kMostMissed = 512;

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

class Events final : public Stream {
 public:
  Events(listening::Device& device, std::string after)
      : device_(device), after_(std::move(after)), alive_(device.services()) {
    const clip_store::ClipStore& store = device_.clips()->store();
    revision_ = store.lines_revision();
    const auto lines = store.latest_lines();
    if (!after_.empty()) {
      CatchUp();
    } else if (!lines.empty()) {
      after_ = IdOf(lines.back());
    }
  }

  bool Next(std::string& out) override {
    while (!missed_.empty() && out.size() + missed_.back().size() < kMostBytes) {
      Write(missed_.back(), out);
      missed_.pop_back();
    }
    if (missed_.empty()) WriteNew(out);
    alive_.Fill(out);
    return !device_.closed();
  }

 private:
  /// Lines of the journal since the one the client has seen, newest first.
  void CatchUp() {
    clip_store::JournalCursor cursor;
    while (missed_.size() < kMostMissed) {
      const auto page = device_.clips()->store().ReadJournal(cursor, kJournalPage);
      if (!page) break;
      for (const std::string& line : page->lines) {
        if (IdOf(line) == after_) return;
        missed_.push_back(line);
      }
      if (!page->next) break;
      cursor = *page->next;
    }
  }

  void WriteNew(std::string& out) {
    const clip_store::ClipStore& store = device_.clips()->store();
    const uint32_t revision = store.lines_revision();
    if (revision == revision_ && !first_) return;
    first_ = false;
    revision_ = revision;
    const auto lines = store.latest_lines();
    auto fresh = std::ranges::find(lines, after_, IdOf);
    fresh = fresh == lines.end() ? lines.begin() : fresh + 1;
    for (; fresh != lines.end(); ++fresh) Write(*fresh, out);
  }

  void Write(const std::string& line, std::string& out) {
    after_ = IdOf(line);
    (((((out += "event: event\nid: ") += after_) += "\ndata: ") += line) += "\n\n");
  }

  listening::Device& device_;
  std::string after_;  ///< The last line that was sent or had been seen.
  std::vector<std::string> missed_;
  uint32_t revision_;
  bool first_ = true;
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

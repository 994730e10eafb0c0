// SPDX-License-Identifier: Apache-2.0
#include "clip_store/journal.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <span>
#include <vector>

#include "base/crc32.h"

namespace clip_store {
namespace {

constexpr std::string_view kPrefix = "journal-";
constexpr std::string_view kSuffix = ".jsonl";
constexpr std::string_view kCrcField = ",\"crc\":\"";
constexpr size_t kCrcDigits = 8;
constexpr uint64_t kShareOfCapacity = 8;
constexpr uint32_t kLargestNumber = 1'000'000'000;  ///< A larger one is nobody's.
constexpr size_t kPageBytes = 4096;
constexpr size_t kSealBytes = kCrcField.size() + kCrcDigits + 2;

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string SealOf(std::string_view object) {
  char digits[kCrcDigits + 1];
  std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(base::Crc32(Bytes(object))));
  std::string seal(kCrcField);
  seal += digits;
  return seal += "\"}";
}

/// The number in a segment's name, 0 for another name.
uint32_t NumberOf(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return 0;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool is_ours = error == std::errc{} && end == name.data() + name.size() && number <= kLargestNumber;
  return is_ours ? number : 0;
}

/// The id in a line of EventLine()'s.
std::optional<EventId> IdOf(std::string_view line) {
  constexpr std::string_view kField = "\"id\":\"";
  const size_t field = line.find(kField);
  if (field == std::string_view::npos) return std::nullopt;
  const std::string_view id = line.substr(field + kField.size());
  return EventId::Parse(id.substr(0, id.find('"')));
}

/// Calls `visit` with each whole line of a segment until it returns false.
StorageResult<bool> ReadSegment(File& file, const std::function<bool(std::string_view)>& visit) {
  std::string held;
  std::vector<uint8_t> chunk(4096);
  for (uint64_t at = 0;;) {
    const auto read = file.ReadAt(at, chunk);
    if (!read) return std::unexpected(read.error());
    if (*read == 0) return true;
    at += *read;
    held.append(reinterpret_cast<const char*>(chunk.data()), *read);
    size_t begin = 0;
    for (size_t end; (end = held.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const std::string_view line = std::string_view(held).substr(begin, end - begin);
      if (Journal::IsWhole(line) && !visit(line)) return false;
    }
    held.erase(0, begin);
    if (held.size() > Journal::kMaxLineBytes) held.clear();
  }
}

}  // namespace

std::string Journal::SegmentName(uint32_t number) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%06u", static_cast<unsigned>(number));
  std::string name(kPrefix);
  name += digits;
  return name += kSuffix;
}

std::string Journal::Seal(std::string object) { return object += SealOf(object); }

bool Journal::IsWhole(std::string_view line) {
  if (line.size() <= kSealBytes) return false;
  const std::string_view object = line.substr(0, line.size() - kSealBytes);
  return line.substr(object.size()) == SealOf(object);
}

Journal::Journal(FileLayer& files, const JournalSpec& spec) : files_(files), spec_(spec) {
  const uint64_t share = files.capacity() / kShareOfCapacity / std::max<uint64_t>(spec.max_segments, 1);
  spec_.max_segment_bytes = std::min(spec.max_segment_bytes, std::max<uint64_t>(share, kMaxLineBytes));
}

void Journal::See(std::string_view name) {
  if (const uint32_t number = NumberOf(name)) segments_.push_back(number);
}

StorageResult<void> Journal::Open() {
  std::ranges::sort(segments_);
  return segments_.empty() ? StorageResult<void>() : OpenNewest();
}

StorageResult<void> Journal::OpenNewest() {
  auto file = files_.Open(SegmentName(segments_.back()), FileLayer::Mode::kUpdate);
  if (!file) return std::unexpected(file.error());
  file_ = *std::move(file);
  auto repaired = Repair();
  if (!repaired) file_.reset();
  return repaired;
}

std::optional<EventId> Journal::LargestId() {
  std::optional<EventId> largest;
  for (const uint32_t number : segments_) {
    auto file = files_.Open(SegmentName(number), FileLayer::Mode::kRead);
    if (!file) continue;
    (void)ReadSegment(**file, [&](std::string_view line) {
      largest = std::max(largest, IdOf(line));
      return true;
    });
  }
  return largest;
}

/// Cuts off what follows the last whole line: only the line that was being written can be torn, as all before were
/// synced.
StorageResult<void> Journal::Repair() {
  const auto size = file_->Size();
  if (!size) return std::unexpected(size.error());
  size_ = *size;
  while (size_ > 0) {
    const uint64_t from = size_ > 2 * kMaxLineBytes ? size_ - 2 * kMaxLineBytes : 0;
    std::string tail(static_cast<size_t>(size_ - from), '\0');
    const auto read = file_->ReadAt(from, {reinterpret_cast<uint8_t*>(tail.data()), tail.size()});
    if (!read) return std::unexpected(read.error());
    const bool ends_line = tail.back() == '\n';
    const std::string_view body = std::string_view(tail).substr(0, tail.size() - (ends_line ? 1 : 0));
    const size_t before = body.rfind('\n');
    const size_t begin = before == std::string_view::npos ? 0 : before + 1;
    if (ends_line && IsWhole(body.substr(begin))) break;
    size_ = from + begin;
  }
  if (size_ == *size) return {};
  if (auto cut = file_->Truncate(size_); !cut) return cut;
  return file_->Sync();
}

StorageResult<void> Journal::Rotate() {
  const uint32_t number = segments_.empty() ? 1 : segments_.back() + 1;
  auto file = files_.Open(SegmentName(number), FileLayer::Mode::kCreate);
  if (!file) return std::unexpected(file.error());
  file_ = *std::move(file);
  segments_.push_back(number);
  size_ = 0;
  while (segments_.size() > spec_.max_segments) {
    const auto removed = files_.Remove(SegmentName(segments_.front()));
    if (!removed && removed.error() != StorageError::kNotFound) return removed;
    segments_.erase(segments_.begin());
  }
  return {};
}

StorageResult<void> Journal::Append(std::string_view object) {
  if (!file_ && !segments_.empty()) {
    if (auto opened = OpenNewest(); !opened) return opened;
  }
  if (!file_ || size_ + object.size() + 1 > spec_.max_segment_bytes) {
    if (auto rotated = Rotate(); !rotated) return rotated;
  }
  std::string line(object);
  line += '\n';
  auto done = file_->WriteAt(size_, Bytes(line));
  if (done) done = file_->Sync();
  if (done) {
    size_ += line.size();
    return {};
  }
  // Part of the line may be there. If it cannot be cut off now, the next Append() opens the segment anew, which does.
  if (!file_->Truncate(size_)) file_.reset();
  return done;
}

StorageResult<std::optional<JournalPosition>> Journal::ReadBack(JournalPosition before, size_t max_lines,
                                                                const std::function<void(std::string_view)>& visit) {
  std::unique_ptr<File> file;
  for (auto number = segments_.rbegin(); number != segments_.rend() && !file; ++number) {
    if (*number > before.segment || (*number == before.segment && before.offset == 0)) continue;
    auto opened = files_.Open(SegmentName(*number), FileLayer::Mode::kRead);
    if (!opened) return std::unexpected(opened.error());
    const auto size = (*opened)->Size();
    if (!size) return std::unexpected(size.error());
    if (*size == 0) continue;
    before = {.segment = *number, .offset = *number == before.segment ? std::min(before.offset, *size) : *size};
    file = *std::move(opened);
  }
  if (!file) return std::nullopt;

  const uint64_t from = before.offset - std::min<uint64_t>(before.offset, kPageBytes);
  std::string page(static_cast<size_t>(before.offset - from), '\0');
  const auto read = file->ReadAt(from, {reinterpret_cast<uint8_t*>(page.data()), page.size()});
  if (!read) return std::unexpected(read.error());
  page.resize(*read);
  std::string_view rest = page;
  for (size_t lines = 0; lines < max_lines && !rest.empty();) {
    const std::string_view body = rest.substr(0, rest.size() - (rest.back() == '\n' ? 1 : 0));
    const size_t newline = body.rfind('\n');
    if (newline == std::string_view::npos && from > 0 && rest.size() < page.size()) break;  // The next page has it all.
    const size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
    if (IsWhole(body.substr(begin))) {
      visit(body.substr(begin));
      ++lines;
    }
    rest = rest.substr(0, begin);
  }
  return JournalPosition{.segment = before.segment, .offset = from + rest.size()};
}

StorageResult<void> Journal::Read(FileLayer& files, const std::function<bool(std::string_view)>& visit) {
  std::vector<uint32_t> numbers;
  const auto listed = files.List([&](std::string_view name, uint64_t) {
    if (const uint32_t number = NumberOf(name)) numbers.push_back(number);
  });
  if (!listed) return listed;
  std::ranges::sort(numbers);
  for (const uint32_t number : numbers) {
    auto file = files.Open(SegmentName(number), FileLayer::Mode::kRead);
    if (!file) return std::unexpected(file.error());
    const auto more = ReadSegment(**file, visit);
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
  }
  return {};
}

}  // namespace clip_store

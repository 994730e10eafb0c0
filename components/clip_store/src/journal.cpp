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
  return error == std::errc{} && end == name.data() + name.size() ? number : 0;
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

StorageResult<void> Journal::Open() {
  file_.reset();
  first_ = 1;
  newest_ = 0;
  uint32_t lowest = UINT32_MAX;
  const auto listed = files_.List([&](std::string_view name, uint64_t) {
    const uint32_t number = NumberOf(name);
    if (number == 0) return;
    lowest = std::min(lowest, number);
    newest_ = std::max(newest_, number);
  });
  if (!listed) return listed;
  if (newest_ == 0) return {};
  first_ = lowest;
  auto file = files_.Open(SegmentName(newest_), FileLayer::Mode::kUpdate);
  if (!file) return std::unexpected(file.error());
  file_ = *std::move(file);
  auto repaired = Repair();
  if (!repaired) file_.reset();
  return repaired;
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
  auto file = files_.Open(SegmentName(newest_ + 1), FileLayer::Mode::kCreate);
  if (!file) return std::unexpected(file.error());
  file_ = *std::move(file);
  ++newest_;
  size_ = 0;
  for (; newest_ - first_ >= spec_.max_segments; ++first_) {
    const auto removed = files_.Remove(SegmentName(first_));
    if (!removed && removed.error() != StorageError::kNotFound) return removed;
  }
  return {};
}

StorageResult<void> Journal::Append(std::string_view object) {
  if (!file_ && newest_ > 0) {
    if (auto opened = Open(); !opened) return opened;
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

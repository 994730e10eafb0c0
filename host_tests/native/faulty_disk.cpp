// SPDX-License-Identifier: Apache-2.0
#include "faulty_disk.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace native_tests {

using clip_store::File;
using clip_store::StorageError;
using clip_store::StorageResult;

class FaultyFile : public File {
 public:
  FaultyFile(FaultyDisk& disk, std::string name, bool writable)
      : disk_(disk), name_(std::move(name)), writable_(writable) {
    ++disk_.open_files_;
  }
  ~FaultyFile() override { --disk_.open_files_; }
  StorageResult<void> WriteAt(uint64_t position, std::span<const uint8_t> bytes) override {
    if (!writable_) std::abort();
    return disk_.Write(name_, position, bytes);
  }
  StorageResult<size_t> ReadAt(uint64_t position, std::span<uint8_t> bytes) override {
    if (auto ready = disk_.Ready(); !ready) return std::unexpected(ready.error());
    ++disk_.read_;
    const auto& content = disk_.files_.at(name_);
    if (position >= content.size()) return size_t{0};
    const size_t count = std::min<size_t>(bytes.size(), content.size() - position);
    std::copy_n(content.begin() + static_cast<ptrdiff_t>(position), count, bytes.begin());
    return count;
  }
  StorageResult<uint64_t> Size() override {
    if (auto ready = disk_.Ready(); !ready) return std::unexpected(ready.error());
    return disk_.files_.at(name_).size();
  }
  StorageResult<void> Truncate(uint64_t size) override { return disk_.Truncate(name_, size); }
  StorageResult<void> Sync() override { return disk_.Sync(name_); }

 private:
  FaultyDisk& disk_;
  std::string name_;
  bool writable_;
};

StorageResult<void> FaultyDisk::Ready() const {
  if (!mounted_) std::abort();  // A program that uses an unmounted volume has a fault of its own.
  if (lost_power_ || !present_) return std::unexpected(StorageError::kGone);
  return {};
}

bool FaultyDisk::Change(Operation operation) {
  lost_power_ = static_cast<int64_t>(operations_.size()) == cut_at_;
  operations_.push_back(std::move(operation));
  return !lost_power_;
}

StorageResult<clip_store::FileLayer*> FaultyDisk::Mount() {
  if (mounted_) std::abort();
  if (!present_ || lost_power_) return std::unexpected(StorageError::kGone);
  if (corrupt_) return std::unexpected(StorageError::kCorrupt);
  mounted_ = true;
  return this;
}

StorageResult<std::unique_ptr<File>> FaultyDisk::Open(std::string_view name, Mode mode) {
  if (auto ready = Ready(); !ready) return std::unexpected(ready.error());
  ++opened_;
  const bool exists = files_.contains(name);
  if (mode != Mode::kRead && read_only_) return std::unexpected(StorageError::kReadOnly);
  if (mode != Mode::kCreate && !exists) return std::unexpected(StorageError::kNotFound);
  if (mode == Mode::kCreate) {
    if (!exists && Used() + 512 > capacity_) return std::unexpected(StorageError::kNoSpace);
    if (!Change({Operation::Kind::kCreate, std::string(name), {}})) return std::unexpected(StorageError::kGone);
    files_[std::string(name)].clear();
  }
  return std::make_unique<FaultyFile>(*this, std::string(name), mode != Mode::kRead);
}

StorageResult<void> FaultyDisk::Remove(std::string_view name) {
  if (auto ready = Ready(); !ready) return ready;
  if (read_only_) return std::unexpected(StorageError::kReadOnly);
  const auto file = files_.find(name);
  if (file == files_.end()) return std::unexpected(StorageError::kNotFound);
  if (!Change({Operation::Kind::kRemove, std::string(name), {}})) return std::unexpected(StorageError::kGone);
  files_.erase(file);
  if (const auto kept = synced_.find(name); kept != synced_.end()) synced_.erase(kept);
  return {};
}

StorageResult<void> FaultyDisk::List(const std::function<void(std::string_view, uint64_t)>& visit) {
  if (auto ready = Ready(); !ready) return ready;
  ++listed_;
  for (const auto& [name, content] : files_) visit(name, content.size());
  return {};
}

uint64_t FaultyDisk::Used() const {
  uint64_t used = 0;
  for (const auto& [name, content] : files_) used += (content.size() + 511) / 512 * 512 + 512;
  return used;
}

StorageResult<uint64_t> FaultyDisk::FreeBytes() {
  if (auto ready = Ready(); !ready) return std::unexpected(ready.error());
  return capacity_ - std::min(capacity_, Used());
}

StorageResult<void> FaultyDisk::Write(const std::string& name, uint64_t position, std::span<const uint8_t> bytes) {
  if (auto ready = Ready(); !ready) return ready;
  auto& content = files_.at(name);
  size_t count = bytes.size();
  const bool is_journal = name.starts_with("journal");
  const bool powered =
      Change({Operation::Kind::kWrite, name, is_journal ? std::string(bytes.begin(), bytes.end()) : std::string()});
  if (!powered) count = std::min(count, cut_bytes_);
  const uint64_t used_by_others = Used() - (content.size() + 511) / 512 * 512;
  const uint64_t fits = capacity_ - std::min(capacity_, used_by_others);
  const bool full = position + count > fits;
  if (full) count = fits > position ? static_cast<size_t>(fits - position) : 0;  // As FatFs: a part is written.
  if (content.size() < position + count) content.resize(position + count);
  std::copy_n(bytes.begin(), count, content.begin() + static_cast<ptrdiff_t>(position));
  if (!powered) return std::unexpected(StorageError::kGone);
  if (full) return std::unexpected(StorageError::kNoSpace);
  return {};
}

StorageResult<void> FaultyDisk::Truncate(const std::string& name, uint64_t size) {
  if (auto ready = Ready(); !ready) return ready;
  if (!Change({Operation::Kind::kTruncate, name, {}})) return std::unexpected(StorageError::kGone);
  files_.at(name).resize(size);
  return {};
}

StorageResult<void> FaultyDisk::Sync(const std::string& name) {
  if (auto ready = Ready(); !ready) return ready;
  if (!Change({Operation::Kind::kSync, name, {}})) return std::unexpected(StorageError::kGone);
  synced_[name] = files_.at(name);
  return {};
}

void FaultyDisk::Reboot(Survival survival, uint32_t seed) {
  if (open_files_ != 0) std::abort();
  std::mt19937 random(seed);
  if (survival == Survival::kAnySectors) {
    for (auto file = files_.begin(); file != files_.end();) {
      const auto before = synced_.find(file->first);
      if (before == synced_.end() && random() % 2 == 0) {
        file = files_.erase(file);
        continue;
      }
      const std::vector<uint8_t> old = before == synced_.end() ? std::vector<uint8_t>{} : before->second;
      std::vector<uint8_t>& now = file->second;
      if (random() % 2 == 0)
        now.resize(std::max(old.size(), std::min<size_t>(now.size(), random() % (now.size() + 1))));
      for (size_t sector = 0; sector < now.size(); sector += 512) {
        if (random() % 2 == 0) continue;
        for (size_t i = sector; i < std::min(sector + 512, now.size()); ++i)
          now[i] = i < old.size() ? old[i] : static_cast<uint8_t>(0xE5);  // What lay there before.
      }
      ++file;
    }
  }
  synced_ = files_;
  lost_power_ = mounted_ = false;
  cut_at_ = -1;
}

const std::vector<uint8_t>* FaultyDisk::Content(std::string_view name) const {
  const auto file = files_.find(name);
  return file == files_.end() ? nullptr : &file->second;
}

std::vector<std::string> FaultyDisk::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, content] : files_) names.push_back(name);
  return names;
}

void FaultyDisk::Export(const std::string& folder) const {
  std::filesystem::create_directories(folder);
  for (const auto& [name, content] : files_) {
    std::ofstream out(folder + "/" + name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
  }
}

}  // namespace native_tests

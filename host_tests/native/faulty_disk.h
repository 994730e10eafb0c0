// SPDX-License-Identifier: Apache-2.0
// A disk in memory that loses power, runs full, is pulled out or takes no writes on command.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "clip_store/storage.h"

namespace native_tests {

/// What is left of the writes since a file's last sync when the power fails.
enum class Survival {
  kInOrder,     ///< All of them: a disk that writes at once and in order.
  kAnySectors,  ///< Any of their 512-byte sectors, and a file that was never synced may be gone: a disk with a cache.
};

/// A change that a disk has seen.
struct Operation {
  enum class Kind { kCreate, kWrite, kTruncate, kSync, kRemove } kind;
  std::string file;
  std::string bytes;  ///< Of a write to a journal.
};

class FaultyDisk : public clip_store::FileLayer, public clip_store::Volume {
 public:
  explicit FaultyDisk(std::string name = "disk") : name_(std::move(name)) {}

  // --- What tests command
  /// The power fails in the `operation`-th change from the disk's beginning on, after `bytes` of it if it is a write.
  void CutAt(int64_t operation, size_t bytes) {
    cut_at_ = operation;
    cut_bytes_ = bytes;
  }
  bool lost_power() const { return lost_power_; }
  /// Power is back: only what survived is there.
  void Reboot(Survival survival, uint32_t seed);
  void SetCapacity(uint64_t bytes) { capacity_ = bytes; }
  void SetPresent(bool present) { present_ = present; }
  void SetReadOnly(bool read_only) { read_only_ = read_only; }
  void SetCorrupt(bool corrupt) { corrupt_ = corrupt; }

  /// All changes so far; their index is what CutAt() means.
  const std::vector<Operation>& operations() const { return operations_; }
  bool mounted() const { return mounted_; }
  int64_t opened() const { return opened_; }
  int64_t listed() const { return listed_; }
  int64_t read() const { return read_; }
  /// Puts a file there without counting it as a change.
  void Place(const std::string& name, std::vector<uint8_t> content) {
    synced_[name] = files_[name] = std::move(content);
  }
  int open_files() const { return open_files_; }
  const std::vector<uint8_t>* Content(std::string_view name) const;
  std::vector<std::string> Names() const;
  /// Copies all files to a folder of the real disk.
  void Export(const std::string& folder) const;

  // --- Volume
  std::string_view name() const override { return name_; }
  clip_store::StorageResult<FileLayer*> Mount() override;
  void Unmount() override { mounted_ = false; }
  bool Alive() override { return present_ && !lost_power_; }

  // --- FileLayer
  clip_store::StorageResult<std::unique_ptr<clip_store::File>> Open(std::string_view name, Mode mode) override;
  clip_store::StorageResult<void> Remove(std::string_view name) override;
  clip_store::StorageResult<void> List(const std::function<void(std::string_view, uint64_t)>& visit) override;
  clip_store::StorageResult<uint64_t> FreeBytes() override;

 private:
  friend class FaultyFile;

  clip_store::StorageResult<void> Ready() const;
  /// Counts a change; false when the power fails in it.
  bool Change(Operation operation);
  clip_store::StorageResult<void> Write(const std::string& name, uint64_t position, std::span<const uint8_t> bytes);
  clip_store::StorageResult<void> Truncate(const std::string& name, uint64_t size);
  clip_store::StorageResult<void> Sync(const std::string& name);
  uint64_t Used() const;

  std::string name_;
  std::map<std::string, std::vector<uint8_t>, std::less<>> files_;   ///< As a running program sees them.
  std::map<std::string, std::vector<uint8_t>, std::less<>> synced_;  ///< As of each one's last sync.
  std::vector<Operation> operations_;
  int64_t cut_at_ = -1;
  size_t cut_bytes_ = 0;
  bool lost_power_ = false;
  std::atomic<bool> present_ = true;  ///< Pulled by one thread while another one reads.
  bool read_only_ = false;
  bool corrupt_ = false;
  bool mounted_ = false;
  int open_files_ = 0;
  int64_t opened_ = 0;
  int64_t listed_ = 0;
  int64_t read_ = 0;
  uint64_t capacity_ = uint64_t{1} << 40;
};

}  // namespace native_tests

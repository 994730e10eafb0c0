// SPDX-License-Identifier: Apache-2.0
#include "clip_store/clip_reader.h"

#include <algorithm>
#include <mutex>

namespace clip_store {

std::unique_ptr<ClipReader> ClipReaders::Add(const ClipName& clip, std::unique_ptr<File> file, uint64_t size) {
  std::unique_ptr<ClipReader> reader(new ClipReader(shared_from_this(), clip, std::move(file), size));
  open_.push_back(reader.get());
  return reader;
}

void ClipReaders::Close(const ClipName& clip) {
  for (ClipReader* const reader : open_) {
    if (reader->clip_ != clip || !reader->file_) continue;
    reader->file_.reset();
    reader->why_closed_ = StorageError::kNotFound;
  }
}

void ClipReaders::CloseAll() {
  for (ClipReader* const reader : open_) reader->file_.reset();
}

ClipReader::~ClipReader() {
  const std::lock_guard guard(readers_->lock());
  file_.reset();
  std::erase(readers_->open_, this);
}

StorageResult<size_t> ClipReader::ReadAt(uint64_t position, std::span<uint8_t> bytes) {
  const PatientGuard guard(readers_->lock());
  if (!guard) return std::unexpected(StorageError::kBusy);
  if (!file_) return std::unexpected(why_closed_);
  return file_->ReadAt(position, bytes.first(std::min(bytes.size(), kMostBytes)));
}

}  // namespace clip_store

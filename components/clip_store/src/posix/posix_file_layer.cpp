// SPDX-License-Identifier: Apache-2.0
#include "clip_store/posix_file_layer.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace clip_store {
namespace {

/// FatFs reports a card that was pulled, and any other failure of the medium, as EIO.
StorageError FromErrno() {
  switch (errno) {
    case ENOENT:
      return StorageError::kNotFound;
    case ENOSPC:
    case EFBIG:
      return StorageError::kNoSpace;
    case EROFS:
    case EACCES:
    case EPERM:
      return StorageError::kReadOnly;
    default:
      return StorageError::kGone;
  }
}

StorageResult<void> Done(int result) {
  if (result == 0) return {};
  return std::unexpected(FromErrno());
}

class PosixFile : public File {
 public:
  explicit PosixFile(int handle) : handle_(handle) {}
  ~PosixFile() override { close(handle_); }

  StorageResult<void> WriteAt(uint64_t position, std::span<const uint8_t> bytes) override {
    if (lseek(handle_, static_cast<off_t>(position), SEEK_SET) < 0) return std::unexpected(FromErrno());
    while (!bytes.empty()) {
      const ssize_t written = write(handle_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return std::unexpected(FromErrno());
      if (written == 0) return std::unexpected(StorageError::kNoSpace);  // FatFs: the medium is full
      bytes = bytes.subspan(static_cast<size_t>(written));
    }
    return {};
  }

  StorageResult<size_t> ReadAt(uint64_t position, std::span<uint8_t> bytes) override {
    if (lseek(handle_, static_cast<off_t>(position), SEEK_SET) < 0) return std::unexpected(FromErrno());
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t got = read(handle_, bytes.data() + done, bytes.size() - done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return std::unexpected(FromErrno());
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    return done;
  }

  StorageResult<uint64_t> Size() override {
    struct stat info;
    if (fstat(handle_, &info) != 0) return std::unexpected(FromErrno());
    return static_cast<uint64_t>(info.st_size);
  }

  StorageResult<void> Truncate(uint64_t size) override { return Done(ftruncate(handle_, static_cast<off_t>(size))); }

  StorageResult<void> Sync() override { return Done(fsync(handle_)); }

 private:
  int handle_;
};

}  // namespace

std::string PosixFileLayer::PathOf(std::string_view name) const {
  std::string path = folder_;
  path += '/';
  return path += name;
}

StorageResult<void> PosixFileLayer::Prepare() {
  if (mkdir(folder_.c_str(), 0777) == 0 || errno == EEXIST) return {};
  return std::unexpected(FromErrno());
}

StorageResult<std::unique_ptr<File>> PosixFileLayer::Open(std::string_view name, Mode mode) {
  const int flags = mode == Mode::kRead ? O_RDONLY : mode == Mode::kUpdate ? O_RDWR : O_RDWR | O_CREAT | O_TRUNC;
  const int handle = open(PathOf(name).c_str(), flags, 0666);
  if (handle < 0) return std::unexpected(FromErrno());
  return std::make_unique<PosixFile>(handle);
}

StorageResult<void> PosixFileLayer::Remove(std::string_view name) { return Done(unlink(PathOf(name).c_str())); }

StorageResult<void> PosixFileLayer::List(const std::function<void(std::string_view, uint64_t)>& visit) {
  DIR* const folder = opendir(folder_.c_str());
  if (folder == nullptr) return std::unexpected(FromErrno());
  errno = 0;
  while (const dirent* const entry = readdir(folder)) {
    struct stat info;
    if (stat(PathOf(entry->d_name).c_str(), &info) == 0 && S_ISREG(info.st_mode))
      visit(entry->d_name, static_cast<uint64_t>(info.st_size));
    errno = 0;
  }
  const bool failed = errno != 0;
  const StorageError error = FromErrno();
  closedir(folder);
  if (failed) return std::unexpected(error);
  return {};
}

}  // namespace clip_store

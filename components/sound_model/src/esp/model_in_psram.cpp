// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "aligned_memory.h"
#include "base/sha256.h"
#include "esp_timer.h"
#include "model_path.h"
#include "sound_model/manifest.h"
#include "sound_model/model_store.h"

namespace sound_model {
namespace {

constexpr char kModelName[] = "yamnet.tflite";
constexpr size_t kChunkBytes = 65536;

std::unexpected<Error> Refuse(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, "model: " + std::move(message)});
}

/// Fills `bytes` from the file and hashes them on the way.
std::expected<std::string, Error> ReadAndHash(int file, std::span<uint8_t> bytes) {
  base::Sha256 hash;
  for (size_t at = 0; at < bytes.size();) {
    const auto chunk = bytes.subspan(at, std::min(kChunkBytes, bytes.size() - at));
    const ssize_t got = read(file, chunk.data(), chunk.size());
    if (got <= 0) return Refuse(ErrorCode::kReadFailed, "reading stopped after " + std::to_string(at) + " bytes");
    hash.Update(chunk.first(static_cast<size_t>(got)));
    at += static_cast<size_t>(got);
  }
  return hash.Finish();
}

}  // namespace

std::expected<LoadedModel, Error> LoadModel(const std::string& manifest_json) {
  const auto expected_hash = FileHash(manifest_json, kModelName);
  if (!expected_hash) return std::unexpected(expected_hash.error());
  const auto expected_size = FileSize(manifest_json, kModelName);
  if (!expected_size) return std::unexpected(expected_size.error());
  const int64_t begin_us = esp_timer_get_time();
  const int file = open(ModelPath(kModelName).c_str(), O_RDONLY);
  if (file < 0) return Refuse(ErrorCode::kNotFound, "no file yamnet.tflite");
  struct stat status {};
  if (fstat(file, &status) != 0 || static_cast<uint64_t>(status.st_size) != *expected_size) {
    close(file);
    return Refuse(ErrorCode::kWrongHash, "it has " + std::to_string(status.st_size) + " bytes, the manifest has " +
                                             std::to_string(*expected_size));
  }
  const std::span<uint8_t> bytes = AllocateAligned(*expected_size, Memory::kPsram);
  auto hash = bytes.empty() ? Refuse(ErrorCode::kOutOfMemory,
                                     "its " + std::to_string(*expected_size) + " bytes do not fit into PSRAM, where " +
                                         std::to_string(LargestFree(Memory::kPsram)) + " are free")
                            : ReadAndHash(file, bytes);
  close(file);
  if (hash && *hash != *expected_hash) {
    hash = Refuse(ErrorCode::kWrongHash, "its SHA-256 is " + *hash + ", the manifest has " + *expected_hash);
  }
  if (!hash) {
    FreeAligned(bytes);
    return std::unexpected(hash.error());
  }
  return LoadedModel{bytes, *std::move(hash), esp_timer_get_time() - begin_us};
}

}  // namespace sound_model

// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "model_path.h"
#include "sdkconfig.h"
#include "sound_model/model_store.h"

#if !CONFIG_IDF_TARGET_LINUX
#include "esp_spiffs.h"
#endif

namespace sound_model {
namespace {

constexpr size_t kLargestSmallFile = 65536;

#if CONFIG_IDF_TARGET_LINUX
const char* BasePath() {
  const char* const folder = std::getenv("YAMNET_MODEL_DIR");
  return folder == nullptr ? "" : folder;
}
#else
constexpr char kMountPoint[] = "/yamnet";
const char* BasePath() { return kMountPoint; }
#endif

}  // namespace

std::string ModelPath(const char* name) { return std::string(BasePath()) + "/" + name; }

#if CONFIG_IDF_TARGET_LINUX
std::expected<void, Error> MountModelFiles(const char*) {
  if (*BasePath() != '\0') return {};
  return std::unexpected(Error{ErrorCode::kNotFound, "YAMNET_MODEL_DIR does not name a folder with the model's files"});
}
#else
std::expected<void, Error> MountModelFiles(const char* label) {
  const esp_vfs_spiffs_conf_t config = {
      .base_path = kMountPoint, .partition_label = label, .max_files = 4, .format_if_mount_failed = false};
  const esp_err_t result = esp_vfs_spiffs_register(&config);
  if (result == ESP_OK) return {};
  if (result == ESP_ERR_NOT_FOUND) {
    return std::unexpected(
        Error{ErrorCode::kNotFound, "there is no partition '" + std::string(label) + "' in the partition table"});
  }
  return std::unexpected(Error{ErrorCode::kReadFailed, "partition '" + std::string(label) + "' has no model (" +
                                                           esp_err_to_name(result) +
                                                           "): write one with tools/flash_model.py"});
}
#endif

std::expected<std::string, Error> ReadModelFile(const char* name) {
  const std::string path = ModelPath(name);
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) return std::unexpected(Error{ErrorCode::kNotFound, "no file " + std::string(name)});
  std::string content(kLargestSmallFile, '\0');
  const size_t size = std::fread(content.data(), 1, content.size(), file.get());
  if (std::ferror(file.get()) != 0) {
    return std::unexpected(Error{ErrorCode::kReadFailed, std::string(name) + " cannot be read"});
  }
  if (size == content.size()) {
    return std::unexpected(Error{ErrorCode::kDamaged, std::string(name) + " is larger than it can be"});
  }
  content.resize(size);
  content.shrink_to_fit();
  return content;
}

}  // namespace sound_model

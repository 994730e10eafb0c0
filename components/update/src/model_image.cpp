// SPDX-License-Identifier: Apache-2.0
#include "update/model_image.h"

#include <array>
#include <utility>

#include "base/json_members.h"
#include "base/sha256.h"
#include "sound_model/class_map.h"
#include "sound_model/manifest.h"
#include "sound_model/self_test_vector.h"
#include "spiffs.h"

namespace update {
namespace {

constexpr char kManifest[] = "manifest.json";
constexpr char kModel[] = "yamnet.tflite";
constexpr char kSelfTest[] = "selftest.bin";
constexpr char kClassMap[] = "yamnet_class_map.csv";
constexpr size_t kLargestSmallFile = 65536;  // as the firmware reads them

std::unexpected<Error> Refuse(const sound_model::Error& error) { return Wrong("model: " + error.message); }

Result<std::string> ReadManifest(Spiffs& spiffs) {
  const auto file = spiffs.Find(kManifest);
  if (!file) return Wrong("model: there is no manifest.json in it");
  auto manifest = spiffs.ReadAll(*file, sound_model::kLargestManifestBytes);
  if (!manifest) return manifest;
  if (const auto checked = sound_model::CheckManifest(*manifest); !checked) return Refuse(checked.error());
  return manifest;
}

/// `model.source.file` without its ending.
std::string NameIn(std::string_view manifest) {
  constexpr size_t kMost = 80;
  constexpr std::string_view kEnding = ".tflite";
  const auto file = base::FindMember(manifest, "model")
                        .and_then([](std::string_view model) { return base::FindMember(model, "source"); })
                        .and_then([](std::string_view source) { return base::FindMember(source, "file"); })
                        .and_then(base::AsString);
  if (!file || file->empty()) return "yamnet";
  return file->substr(0, file->ends_with(kEnding) ? std::min(kMost, file->size() - kEnding.size()) : kMost);
}

Result<ModelInfo> InfoOf(std::string_view manifest) {
  const auto hash = sound_model::FileHash(manifest, kModel);
  if (!hash) return Refuse(hash.error());
  return ModelInfo{NameIn(manifest), *hash};
}

Result<const Spiffs::File*> FindFile(const Spiffs& spiffs, const char* name) {
  for (const Spiffs::File& file : spiffs.files()) {
    if (file.name == name) return &file;
  }
  return Wrong("model: " + std::string(name) + " is missing");
}

/// A file that the manifest must name, held against it.
Result<void> CheckNamed(Spiffs& spiffs, const std::string& manifest, const char* name) {
  const auto hash = sound_model::FileHash(manifest, name);
  if (!hash) return Refuse(hash.error());
  const auto size = sound_model::FileSize(manifest, name);
  if (!size) return Refuse(size.error());
  const auto file = FindFile(spiffs, name);
  if (!file) return std::unexpected(file.error());
  if ((*file)->size != *size) {
    return Wrong("model: " + std::string(name) + " has " + std::to_string((*file)->size) +
                 " bytes, its manifest says " + std::to_string(*size));
  }
  base::Sha256 sha256;
  if (auto read = spiffs.Read(**file, [&](std::span<const uint8_t> part) { sha256.Update(part); }); !read) return read;
  if (const std::string found = sha256.Finish(); found != *hash) {
    return Wrong("model: " + std::string(name) + ": its SHA-256 is " + found + ", its manifest has another");
  }
  return {};
}

Result<std::string> ReadSmall(Spiffs& spiffs, const char* name) {
  const auto file = FindFile(spiffs, name);
  if (!file) return std::unexpected(file.error());
  return spiffs.ReadAll(**file, kLargestSmallFile);
}

Result<void> CheckContent(Spiffs& spiffs, const std::string& model_hash) {
  const auto csv = ReadSmall(spiffs, kClassMap);
  if (!csv) return std::unexpected(csv.error());
  const auto classes = sound_model::ClassMap::Parse(*csv);
  if (!classes) return Refuse(classes.error());
  const auto bytes = ReadSmall(spiffs, kSelfTest);
  if (!bytes) return std::unexpected(bytes.error());
  const auto vector = sound_model::ParseSelfTest({reinterpret_cast<const uint8_t*>(bytes->data()), bytes->size()});
  if (!vector) return Refuse(vector.error());
  if (vector->outputs.size() != classes->size()) {
    return Wrong("model: its class map has " + std::to_string(classes->size()) + " classes, its self-test " +
                 std::to_string(vector->outputs.size()) + " outputs");
  }
  if (vector->model_sha256 == model_hash) return {};
  return Wrong("model: its self-test was made with another model, SHA-256 " + vector->model_sha256);
}

}  // namespace

Result<void> CheckModelStart(std::span<const uint8_t> first, uint32_t blocks) {
  if (Spiffs::HasMagic(first, 0, blocks)) return {};
  return Wrong("model: it does not begin as a SPIFFS image of " +
               std::to_string(blocks * clip_store::FlashDevice::kSectorBytes) +
               " bytes does; tools/mkspiffs_model.py makes one");
}

Result<ModelInfo> ReadModel(clip_store::FlashDevice& slot) {
  Spiffs spiffs(slot);
  const auto manifest = ReadManifest(spiffs);
  if (!manifest) return std::unexpected(manifest.error());
  return InfoOf(*manifest);
}

Result<ModelInfo> CheckModel(clip_store::FlashDevice& slot) {
  Spiffs spiffs(slot);
  if (auto scanned = spiffs.Scan(); !scanned) return std::unexpected(scanned.error());
  const auto manifest = ReadManifest(spiffs);
  if (!manifest) return std::unexpected(manifest.error());
  auto info = InfoOf(*manifest);
  if (!info) return info;
  for (const char* const name : {kSelfTest, kClassMap, kModel}) {
    if (auto checked = CheckNamed(spiffs, *manifest, name); !checked) return std::unexpected(checked.error());
  }
  for (const Spiffs::File& file : spiffs.files()) {  // what the manifest does not name is whole, too
    if (auto read = spiffs.Read(file, [](std::span<const uint8_t>) {}); !read) return std::unexpected(read.error());
  }
  if (auto whole = spiffs.CheckNothingIsLeft(); !whole) return std::unexpected(whole.error());
  if (auto checked = CheckContent(spiffs, info->sha256); !checked) return std::unexpected(checked.error());
  return info;
}

}  // namespace update

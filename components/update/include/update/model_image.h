// SPDX-License-Identifier: Apache-2.0
// The image of a model partition, docs/model-partition.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "clip_store/flash_device.h"
#include "update/error.h"

namespace update {

struct ModelInfo {
  std::string name;    ///< What it was made of, as the converter's manifest says; "yamnet" where it does not.
  std::string sha256;  ///< Of yamnet.tflite, 64 lower-case hexadecimal digits.
};

/// Whether an image for a slot of so many blocks begins so.
/// @param first  the image's first block.
Result<void> CheckModelStart(std::span<const uint8_t> first, uint32_t blocks);

/// What a slot holds, by its manifest alone.
Result<ModelInfo> ReadModel(clip_store::FlashDevice& slot);

/// Checks all of an image as `mkspiffs_model.py --verify` does: SPIFFS, each page, each file's size and SHA-256, class
/// map and self-test. Whether the model can be computed is seen when it is loaded.
Result<ModelInfo> CheckModel(clip_store::FlashDevice& slot);

}  // namespace update

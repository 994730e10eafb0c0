// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>

#include "sound_model/error.h"
#include "sound_model/interpreter.h"

namespace sound_model {

/// Mounts a model's partition read-only in effect: it is never formatted. On Linux, the folder $YAMNET_MODEL_DIR.
/// @param label  of the partition.
std::expected<void, Error> MountModelFiles(const char* label);

/// @return all of a small file of the model partition, at most 64 KB.
std::expected<std::string, Error> ReadModelFile(const char* name);

/// Brings yamnet.tflite into memory and checks that it is the file the manifest names.
std::expected<LoadedModel, Error> LoadModel(const std::string& manifest_json);

/// Allocates the arena as Kconfig says and makes the interpreter in it.
/// @return kOutOfMemory with a text that tells the arena that would do.
std::expected<std::unique_ptr<Interpreter>, Error> MakeInterpreter(std::span<const uint8_t> model,
                                                                   const ModelSummary& summary);

size_t ArenaBytes();  ///< As Kconfig says.

}  // namespace sound_model

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>
#include <span>
#include <string>

#include "log_mel/frame_spectrum.h"
#include "log_mel/spec.h"
#include "sound_model/engine.h"
#include "sound_model/error.h"
#include "sound_model/model_file.h"

namespace listening {

/// Where a model comes from and what computes it: a flash partition and TensorFlow Lite Micro on a device.
class ModelSource {
 public:
  virtual ~ModelSource() = default;

  virtual std::expected<void, sound_model::Error> Mount() = 0;
  /// @return all of a small file of the model partition.
  virtual std::expected<std::string, sound_model::Error> Read(const char* name) = 0;
  /// Brings yamnet.tflite into memory and checks that it is the file the manifest names.
  virtual std::expected<sound_model::LoadedModel, sound_model::Error> Load(const std::string& manifest_json) = 0;

  /// @param model  as Load() gave it.
  virtual std::expected<std::unique_ptr<sound_model::Engine>, sound_model::Error> MakeEngine(
      std::span<const uint8_t> model, const sound_model::ModelSummary& summary) = 0;
  virtual size_t arena_bytes() const = 0;   ///< That an engine may use.
  virtual std::string kernels() const = 0;  ///< "pie", "reference" …

  virtual std::unique_ptr<log_mel::FrameSpectrum> MakeSpectrum(const log_mel::LogMelSpec& spec) = 0;
  virtual std::string transform() const = 0;  ///< "fixed-point", "esp-dsp"
};

}  // namespace listening

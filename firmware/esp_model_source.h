// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "listening/model_source.h"

namespace firmware {

/// The model partition and TensorFlow Lite Micro, as Kconfig has them.
class EspModelSource final : public listening::ModelSource {
 public:
  std::expected<void, sound_model::Error> Mount() override;
  std::expected<std::string, sound_model::Error> Read(const char* name) override;
  std::expected<sound_model::LoadedModel, sound_model::Error> Load(const std::string& manifest_json) override;
  std::expected<std::unique_ptr<sound_model::Engine>, sound_model::Error> MakeEngine(
      std::span<const uint8_t> model, const sound_model::ModelSummary& summary) override;
  size_t arena_bytes() const override;
  std::string kernels() const override;
  std::unique_ptr<log_mel::FrameSpectrum> MakeSpectrum(const log_mel::LogMelSpec& spec) override;
  std::string transform() const override;

  /// Which partition holds the model.
  void Use(const char* label) { label_ = label; }

 private:
  const char* label_ = "yamnet";
};

}  // namespace firmware

// SPDX-License-Identifier: Apache-2.0
#include "esp_model_source.h"

#include "log_mel/configured_spectrum.h"
#include "sound_model/interpreter.h"
#include "sound_model/model_store.h"

namespace firmware {

std::expected<void, sound_model::Error> EspModelSource::Mount() { return sound_model::MountModelFiles(label_); }

std::expected<std::string, sound_model::Error> EspModelSource::Read(const char* name) {
  return sound_model::ReadModelFile(name);
}

std::expected<sound_model::LoadedModel, sound_model::Error> EspModelSource::Load(const std::string& manifest_json) {
  return sound_model::LoadModel(manifest_json);
}

std::expected<std::unique_ptr<sound_model::Engine>, sound_model::Error> EspModelSource::MakeEngine(
    std::span<const uint8_t> model, const sound_model::ModelSummary& summary) {
  return sound_model::MakeInterpreter(model, summary);
}

size_t EspModelSource::arena_bytes() const { return sound_model::ArenaBytes(); }

std::string EspModelSource::kernels() const { return std::string(sound_model::KernelsName()); }

std::unique_ptr<log_mel::FrameSpectrum> EspModelSource::MakeSpectrum(const log_mel::LogMelSpec& spec) {
  return log_mel::MakeConfiguredSpectrum(spec);
}

std::string EspModelSource::transform() const { return log_mel::ConfiguredSpectrumName(); }

}  // namespace firmware

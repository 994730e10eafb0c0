// SPDX-License-Identifier: Apache-2.0
#include "front_end.h"

#include "log_mel/configured_spectrum.h"

namespace firmware {

std::expected<std::unique_ptr<log_mel::PatchStream>, log_mel::Error> MakeFrontEnd(
    const log_mel::LogMelSpec& spec, const sound_model::Quantization& input) {
  auto frames = log_mel::LogMelStream::Create(spec, log_mel::MakeConfiguredSpectrum(spec));
  if (!frames) return std::unexpected(frames.error());
  auto quantizer = log_mel::PatchQuantizer::Create(input.scale, input.zero_point);
  if (!quantizer) return std::unexpected(quantizer.error());
  return std::make_unique<log_mel::PatchStream>(*std::move(frames), *quantizer);
}

const char* SpectrumSource() { return log_mel::ConfiguredSpectrumName(); }

}  // namespace firmware

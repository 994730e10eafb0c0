// SPDX-License-Identifier: Apache-2.0
// Two seconds of a tone that grows louder through the front end. What it prints is the same on chip and PC, for its
// patches have the same bits.
#include <array>
#include <cinttypes>
#include <cstdio>
#include <memory>

#include "base/crc32.h"
#include "log_mel/fixed_point_spectrum.h"
#include "log_mel/patch_stream.h"

namespace {

/// A triangle wave of 500 Hz, in integers: no library's sine decides its bits.
int16_t Tone(int64_t sample) {
  constexpr int kPeriod = 32;
  const int phase = static_cast<int>(sample % kPeriod);
  const int step = 50 + static_cast<int>(sample / kPeriod);
  return static_cast<int16_t>(step * (phase < kPeriod / 2 ? phase - kPeriod / 4 : 3 * kPeriod / 4 - phase));
}

int Run() {
  const log_mel::LogMelSpec& spec = log_mel::kYamnetSpec;
  auto frames = log_mel::LogMelStream::Create(spec, std::make_unique<log_mel::FixedPointSpectrum>(spec));
  const auto quantizer = log_mel::PatchQuantizer::Create(0.05f, 32);
  if (!frames || !quantizer) {
    std::printf("%s\n", frames ? quantizer.error().message.c_str() : frames.error().message.c_str());
    return 1;
  }
  log_mel::PatchStream stream(*std::move(frames), *quantizer);
  std::array<int16_t, 160> block;
  for (int64_t sample = 0; sample < 2 * spec.sample_rate_hz; sample += block.size()) {
    for (size_t i = 0; i < block.size(); ++i) block[i] = Tone(sample + static_cast<int64_t>(i));
    stream.Feed(block, [](const log_mel::Patch& patch) {
      const uint32_t crc = base::Crc32({reinterpret_cast<const uint8_t*>(patch.values.data()), patch.values.size()});
      std::printf("patch at sample %" PRId64 ": CRC32 %08" PRIx32 "\n", patch.start_sample, crc);
    });
  }
  return 0;
}

}  // namespace

#ifdef ESP_PLATFORM
extern "C" void app_main() { Run(); }
#else
int main() { return Run(); }
#endif

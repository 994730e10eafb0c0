// SPDX-License-Identifier: Apache-2.0
// esp-dsp's float32 transform against the portable one on tones, noise, impulses, silence and clipping: magnitudes must
// agree within float32 noise of the frame's largest. Prints what a frame costs, and PASS or FAIL.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <vector>

#include "esp_timer.h"
#include "log_mel/esp_dsp_spectrum.h"
#include "log_mel/fixed_point_spectrum.h"

namespace {

using log_mel::kYamnetSpec;

// float32 has 24 bits; an FFT of 8 radix-2 passes loses a few of them.
constexpr float kLargestError = 2e-6f;

using Frame = std::vector<int16_t>;

uint32_t noise_state = 1;
int16_t Noise() {
  noise_state = noise_state * 1664525 + 1013904223;
  return static_cast<int16_t>(noise_state >> 16);
}

template <typename Sample>
Frame MakeFrame(Sample&& sample) {
  Frame frame(kYamnetSpec.frame_length);
  for (size_t n = 0; n < frame.size(); ++n) frame[n] = sample(static_cast<float>(n));
  return frame;
}

Frame Tone(float hz, float amplitude) {
  return MakeFrame([=](float n) {
    const float angle = 2.0f * std::numbers::pi_v<float> * hz * n / static_cast<float>(kYamnetSpec.sample_rate_hz);
    return static_cast<int16_t>(std::lround(std::clamp(amplitude * std::sin(angle), -32768.0f, 32767.0f)));
  });
}

struct Named {
  const char* name;
  Frame frame;
};

std::vector<Named> Frames() {
  return {{"silence", MakeFrame([](float) { return int16_t{0}; })},
          {"noise", MakeFrame([](float) { return Noise(); })},
          {"quiet noise", MakeFrame([](float) { return static_cast<int16_t>(Noise() / 4096); })},
          {"tone 1 kHz", Tone(1000.0f, 30000.0f)},
          {"tone 997 Hz, quiet", Tone(997.0f, 3.0f)},
          {"clipped", Tone(440.0f, 300000.0f)},
          {"Nyquist", Tone(8000.0f - 1e-3f, 32767.0f)},
          {"constant", MakeFrame([](float) { return int16_t{-32768}; })},
          {"impulse", MakeFrame([](float n) { return n == 200.0f ? int16_t{32767} : int16_t{0}; })}};
}

/// @return nanoseconds a frame. With QEMU's -icount shift=2, instructions times four.
uint32_t Measure(log_mel::FrameSpectrum& spectrum, const Frame& frame, std::vector<float>& power) {
  constexpr int kRounds = 50;
  const int64_t begin_us = esp_timer_get_time();
  for (int round = 0; round < kRounds; ++round) spectrum.Power(frame, power);
  return static_cast<uint32_t>((esp_timer_get_time() - begin_us) * 1000 / kRounds);
}

}  // namespace

extern "C" void app_main() {
  log_mel::FixedPointSpectrum portable(kYamnetSpec);
  log_mel::EspDspSpectrum esp_dsp(kYamnetSpec);
  std::vector<float> expected(kYamnetSpec.spectrum_bins());
  std::vector<float> got(expected.size());
  bool passed = true;
  for (const Named& named : Frames()) {
    const uint32_t portable_ns = Measure(portable, named.frame, expected);
    const uint32_t esp_dsp_ns = Measure(esp_dsp, named.frame, got);
    float peak = 0.0f;
    float error = 0.0f;
    for (size_t k = 0; k < expected.size(); ++k) {
      peak = std::max(peak, std::sqrt(expected[k]));
      error = std::max(error, std::abs(std::sqrt(got[k]) - std::sqrt(expected[k])));
    }
    const bool ok = std::isfinite(error) && error <= kLargestError * peak;
    passed = passed && ok;
    std::printf("%s: %s, error %.3g of a peak of %.3g; fixed-point %u ns, esp-dsp %u ns\n", ok ? "ok" : "WRONG",
                named.name, static_cast<double>(error), static_cast<double>(peak), static_cast<unsigned>(portable_ns),
                static_cast<unsigned>(esp_dsp_ns));
  }
  std::printf("%s\n", passed ? "PASS" : "FAIL");
}

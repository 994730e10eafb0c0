// SPDX-License-Identifier: Apache-2.0
#include "log_mel/fixed_point_spectrum.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <numbers>

namespace log_mel {
namespace {

// 1.0 of the windowed signal: a little below 2^30.5, so that a complex point made of two samples stays below 2^31.
constexpr double kWindowOne = 1518400000.0;
constexpr int kTwiddleBits = 30;
constexpr int kPcmBits = 15;

// The passes divide by 2, 4, 4, ...: a Hann window halves the sum of any four points a quarter apart, so the first pass
// has a bit to spare, and every sum of four products stays below 2^62.
constexpr int kFirstPassShift = kTwiddleBits + 1;
constexpr int kPassShift = kTwiddleBits + 2;

int32_t RoundShift(int64_t value, int shift) {
  return static_cast<int32_t>((value + (int64_t{1} << (shift - 1))) >> shift);
}

// Two 32-bit conversions, which the chip has, instead of one 64-bit conversion, which it has not.
float ToFloat(int64_t value) {
  const auto high = static_cast<int32_t>(value >> 31);
  const auto low = static_cast<int32_t>(value & 0x7fffffff);
  return static_cast<float>(high) * 0x1p31f + static_cast<float>(low);
}

int PeakMagnitude(std::span<const int16_t> frame) {
  int peak = 0;
  for (const int16_t sample : frame) peak = std::max(peak, std::abs(static_cast<int>(sample)));
  return peak;
}

uint16_t ReverseBase4Digits(int index, int points) {
  int reversed = 0;
  for (int rest = points; rest > 1; rest /= 4, index /= 4) reversed = reversed * 4 + index % 4;
  return static_cast<uint16_t>(reversed);
}

}  // namespace

FixedPointSpectrum::FixedPointSpectrum(const LogMelSpec& spec)
    : points_(spec.fft_length / 2),
      window_(spec.frame_length),
      twiddles_(spec.fft_length),
      reversed_(points_),
      data_(points_) {
  for (int n = 0; n < spec.frame_length; ++n) {
    const double hann = 0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * n / spec.frame_length);
    window_[n] = static_cast<int32_t>(std::lround(kWindowOne * hann));
  }
  for (int k = 0; k < spec.fft_length; ++k) {
    const double angle = 2.0 * std::numbers::pi * k / spec.fft_length;
    const double one = std::ldexp(1.0, kTwiddleBits);
    twiddles_[k] = {static_cast<int32_t>(std::lround(one * std::cos(angle))),
                    static_cast<int32_t>(std::lround(-one * std::sin(angle)))};
  }
  for (int i = 0; i < points_; ++i) reversed_[i] = ReverseBase4Digits(i, points_);
}

void FixedPointSpectrum::Power(std::span<const int16_t> frame, std::span<float> power) {
  const int peak = PeakMagnitude(frame);
  if (peak == 0) {
    std::fill(power.begin(), power.end(), 0.0f);
    return;
  }
  const int shift = kPcmBits + 1 - std::bit_width(static_cast<unsigned>(2 * peak - 1));
  LoadWindowed(frame, shift);
  Transform();

  // Z holds the DFT of even + i odd samples, divided by points / 2:
  // X[k] = (Z[k] + Z*[-k]) / 2 - i W^k (Z[k] - Z*[-k]) / 2, which here comes out times 2^(kTwiddleBits + 1).
  const auto scale = static_cast<float>(
      std::ldexp(points_ / 2, -(shift + kTwiddleBits + 1)) / kWindowOne);
  for (int k = 0; k <= points_; ++k) {
    const Complex a = data_[k % points_];
    const Complex b = data_[(points_ - k) % points_];
    const Complex w = twiddles_[k];
    const int64_t sum_re = int64_t{a.re} + b.re;
    const int64_t sum_im = int64_t{a.im} - b.im;
    const int64_t odd_re = int64_t{a.im} + b.im;
    const int64_t odd_im = int64_t{b.re} - a.re;
    const float re = scale * ToFloat(sum_re * (1 << kTwiddleBits) + odd_re * w.re - odd_im * w.im);
    const float im = scale * ToFloat(sum_im * (1 << kTwiddleBits) + odd_re * w.im + odd_im * w.re);
    power[k] = re * re + im * im;
  }
}

void FixedPointSpectrum::LoadWindowed(std::span<const int16_t> frame, int shift) {
  const int length = static_cast<int>(frame.size());
  const auto windowed = [&](int n) -> int32_t {
    return n < length ? RoundShift(int64_t{frame[n]} * window_[n] * 2, kPcmBits + 1 - shift) : 0;
  };
  for (int i = 0; i < points_; ++i) {
    const int n = 2 * reversed_[i];
    data_[i] = {windowed(n), windowed(n + 1)};
  }
}

void FixedPointSpectrum::Transform() {
  Pass<kFirstPassShift>(1);
  for (int quarter = 4; quarter < points_; quarter *= 4) Pass<kPassShift>(quarter);
}

template <int kShift>
void FixedPointSpectrum::Pass(int quarter) {
  struct Wide {
    int64_t re;
    int64_t im;
  };
  const auto multiply = [](Complex a, Complex w) -> Wide {
    return {int64_t{a.re} * w.re - int64_t{a.im} * w.im, int64_t{a.re} * w.im + int64_t{a.im} * w.re};
  };
  const int stride = 2 * points_ / (4 * quarter);
  for (int j = 0; j < quarter; ++j) {
    const Complex w1 = twiddles_[j * stride];
    const Complex w2 = twiddles_[2 * j * stride];
    const Complex w3 = twiddles_[3 * j * stride];
    for (int start = j; start < points_; start += 4 * quarter) {
      Complex* const p = &data_[start];
      const Wide a{int64_t{p[0].re} * (1 << kTwiddleBits), int64_t{p[0].im} * (1 << kTwiddleBits)};
      const Wide b = multiply(p[quarter], w1);
      const Wide c = multiply(p[2 * quarter], w2);
      const Wide d = multiply(p[3 * quarter], w3);
      const Wide ac_sum{a.re + c.re, a.im + c.im};
      const Wide ac_difference{a.re - c.re, a.im - c.im};
      const Wide bd_sum{b.re + d.re, b.im + d.im};
      const Wide bd_difference{b.re - d.re, b.im - d.im};
      p[0] = {RoundShift(ac_sum.re + bd_sum.re, kShift), RoundShift(ac_sum.im + bd_sum.im, kShift)};
      p[quarter] = {RoundShift(ac_difference.re + bd_difference.im, kShift),
                    RoundShift(ac_difference.im - bd_difference.re, kShift)};
      p[2 * quarter] = {RoundShift(ac_sum.re - bd_sum.re, kShift),
                        RoundShift(ac_sum.im - bd_sum.im, kShift)};
      p[3 * quarter] = {RoundShift(ac_difference.re - bd_difference.im, kShift),
                        RoundShift(ac_difference.im + bd_difference.re, kShift)};
    }
  }
}

}  // namespace log_mel

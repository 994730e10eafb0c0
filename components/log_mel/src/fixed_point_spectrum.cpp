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
  const auto high = static_cast<int32_t>(value >> 32);
  const auto low = static_cast<uint32_t>(value);
  return static_cast<float>(high) * 0x1p32f + static_cast<float>(low);
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

template <typename Value>
FixedPointSpectrum::Wide FixedPointSpectrum::TimesOne(Value value) {
  return {.re = int64_t{value.re} * (1 << kTwiddleBits), .im = int64_t{value.im} * (1 << kTwiddleBits)};
}

template <typename Value>
FixedPointSpectrum::Wide FixedPointSpectrum::Times(Value value, Complex twiddle) {
  return {.re = int64_t{value.re} * twiddle.re - int64_t{value.im} * twiddle.im,
          .im = int64_t{value.re} * twiddle.im + int64_t{value.im} * twiddle.re};
}

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

  // Z holds the DFT of even + i odd samples, divided by points / 2. With S = Z[k] + Z*[-k], D = -i (Z[k] - Z*[-k]) and
  // W = exp(-2 pi i k / fft_length): 2 X[k] = S + W D and 2 X*[points - k] = S - W D; both come out times
  // 2^kTwiddleBits.
  const auto scale = static_cast<float>(std::ldexp(points_ / 2, -(shift + kTwiddleBits + 1)) / kWindowOne);
  const auto squared_magnitude = [scale](int64_t re, int64_t im) {
    const float scaled_re = scale * ToFloat(re);
    const float scaled_im = scale * ToFloat(im);
    return scaled_re * scaled_re + scaled_im * scaled_im;
  };
  const int wrap = points_ - 1;
  for (int k = 0; k <= points_ / 2; ++k) {
    const Complex a = data_[k];
    const Complex b = data_[(points_ - k) & wrap];
    const Wide sum = TimesOne(Wide{.re = int64_t{a.re} + b.re, .im = int64_t{a.im} - b.im});
    const Wide turned = Times(Wide{.re = int64_t{a.im} + b.im, .im = int64_t{b.re} - a.re}, twiddles_[k]);
    power[k] = squared_magnitude(sum.re + turned.re, sum.im + turned.im);
    power[points_ - k] = squared_magnitude(sum.re - turned.re, sum.im - turned.im);
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
  const int step = 4 * quarter;
  for (int start = 0; start < points_; start += step) {
    Complex* const p = &data_[start];
    Butterfly<kShift>(p, quarter, TimesOne(p[quarter]), TimesOne(p[2 * quarter]), TimesOne(p[3 * quarter]));
  }
  const int stride = 2 * points_ / step;
  for (int j = 1; j < quarter; ++j) {
    const Complex w1 = twiddles_[j * stride];
    const Complex w2 = twiddles_[2 * j * stride];
    const Complex w3 = twiddles_[3 * j * stride];
    for (int start = j; start < points_; start += step) {
      Complex* const p = &data_[start];
      Butterfly<kShift>(p, quarter, Times(p[quarter], w1), Times(p[2 * quarter], w2), Times(p[3 * quarter], w3));
    }
  }
}

template <int kShift>
void FixedPointSpectrum::Butterfly(Complex* p, int quarter, Wide b, Wide c, Wide d) {
  const Wide a = TimesOne(p[0]);
  const Wide ac_sum{a.re + c.re, a.im + c.im};
  const Wide ac_difference{a.re - c.re, a.im - c.im};
  const Wide bd_sum{b.re + d.re, b.im + d.im};
  const Wide bd_difference{b.re - d.re, b.im - d.im};
  const auto round = [](int64_t re, int64_t im) { return Complex{RoundShift(re, kShift), RoundShift(im, kShift)}; };
  p[0] = round(ac_sum.re + bd_sum.re, ac_sum.im + bd_sum.im);
  p[quarter] = round(ac_difference.re + bd_difference.im, ac_difference.im - bd_difference.re);
  p[2 * quarter] = round(ac_sum.re - bd_sum.re, ac_sum.im - bd_sum.im);
  p[3 * quarter] = round(ac_difference.re - bd_difference.im, ac_difference.im + bd_difference.re);
}

}  // namespace log_mel

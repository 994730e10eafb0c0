# SPDX-License-Identifier: Apache-2.0
"""Made-up sounds that show whether two computations of the same model agree.

Nothing is read from disk or drawn at random: the same samples every time. Levels are in dB relative to full scale.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 16_000
PATCH_SAMPLES = 15_600
"""What one patch spans: 95 hops of 160 samples and a frame of 400."""

PATCH_HOP_SAMPLES = 7_680

_SWEEPS = 4
_CLICK_PARTS = 6  # of 36 clicks each
_CLICK_PERIOD_SAMPLES = 433
_HOP_SAMPLES = 160
_Signal = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Probe:
    """A named sound: int16 PCM [n] at 16 kHz, n >= 15,600."""

    name: str
    pcm: npt.NDArray[np.int16]


def front_end_probes() -> list[Probe]:
    """Sounds of one patch each that reach every constant of a log-mel front end.

    Slow sweeps put each FFT bin in turn far above all others, so that a wrong mel weight shows even where it should
    be zero; clicks fall on each sample of the window once; silence shows the logarithm's offset; noise shows the rest.
    Tones stay well below full scale, because a float32 FFT blurs the quiet bands beside louder ones.
    """
    span = SAMPLE_RATE_HZ / 2 / _SWEEPS
    probes = [_probe("silence", np.zeros(PATCH_SAMPLES)), _probe("offset", np.full(PATCH_SAMPLES, _amplitude(-20)))]
    for index in range(_SWEEPS):
        low = index * span
        probes.append(_probe(f"sweep {low:.0f}-{low + span:.0f} Hz", _sweep(low, low + span, -26)))
    for part in range(_CLICK_PARTS):
        probes.append(_probe(f"clicks {part}", _clicks(part)))
    for level in (-3, -30, -60):
        probes.append(_probe(f"white noise {level} dB", _noise(PATCH_SAMPLES, seed=-level) * _amplitude(level)))
    return probes


def sound_probes() -> list[Probe]:
    """Sounds that a classifier tells apart, at several levels; the last spans three patches."""
    count = PATCH_SAMPLES
    probes = [
        _probe("silence", np.zeros(count)),
        _probe("tone 440 Hz", _tone(440, count) * _amplitude(-6)),
        _probe("tone 3100 Hz, on and off", _gated(_tone(3100, count), on_s=0.25, period_s=0.5) * _amplitude(-12)),
        _probe("siren", _siren(count) * _amplitude(-10)),
        _probe("voice, loud", _voice(count, pitch_hz=140) * _amplitude(-8)),
        _probe("voice, quiet and high", _voice(count, pitch_hz=380) * _amplitude(-35)),
        _probe("white noise", _noise(count, seed=7) * _amplitude(-15)),
        _probe("knocks", _knocks(count) * _amplitude(-6)),
        _probe("hum", (_tone(50, count) + _tone(150, count) / 2) * _amplitude(-20)),
    ]
    long = count + 2 * PATCH_HOP_SAMPLES
    mixture = _voice(long, pitch_hz=220) * _amplitude(-14) + _noise(long, seed=8) * _amplitude(-40)
    probes.append(_probe("voice in noise", mixture * np.linspace(0.1, 1, long)))
    return probes


def _probe(name: str, signal: _Signal) -> Probe:
    return Probe(name, np.clip(np.round(signal * 32768), -32768, 32767).astype(np.int16))


def _amplitude(level_db: float) -> float:
    return float(10 ** (level_db / 20))


def _times(count: int) -> _Signal:
    return np.arange(count) / SAMPLE_RATE_HZ


def _tone(frequency_hz: float, count: int) -> _Signal:
    return np.sin(2 * np.pi * frequency_hz * _times(count))


def _phase(frequency_hz: _Signal) -> _Signal:
    """Phase in radians of a tone whose frequency varies, by summing it up."""
    return 2 * np.pi * np.cumsum(frequency_hz) / SAMPLE_RATE_HZ


def _sweep(low_hz: float, high_hz: float, level_db: float) -> _Signal:
    return np.sin(_phase(np.linspace(low_hz, high_hz, PATCH_SAMPLES))) * _amplitude(level_db)


def _clicks(part: int) -> _Signal:
    """One part of a train of single samples, 433 apart: no frame of 400 holds two, and as 433 and the hop of 160 have
    no common divisor, 160 clicks in a row fall on each position in the hop once.
    """
    per_part = PATCH_SAMPLES // _CLICK_PERIOD_SAMPLES
    signal = np.zeros(PATCH_SAMPLES)
    signal[part * per_part * _CLICK_PERIOD_SAMPLES % _HOP_SAMPLES :: _CLICK_PERIOD_SAMPLES] = _amplitude(-1)
    return signal


def _noise(count: int, seed: int) -> _Signal:
    """White noise in [-1, 1) from a 32-bit linear congruential generator (Numerical Recipes' constants)."""
    state, values = seed, np.empty(count)
    for index in range(count):
        state = (1664525 * state + 1013904223) & 0xFFFFFFFF
        values[index] = state
    return values / 2**31 - 1


def _gated(signal: _Signal, on_s: float, period_s: float) -> _Signal:
    return np.where(_times(signal.size) % period_s < on_s, signal, 0.0)


def _siren(count: int) -> _Signal:
    frequency_hz = 900 + 500 * np.sin(2 * np.pi * 1.5 * _times(count))
    return np.sin(_phase(frequency_hz))


def _voice(count: int, pitch_hz: float) -> _Signal:
    """A pulse train through three formants, opening and closing four times a second."""
    times = _times(count)
    phase = _phase(pitch_hz * (1 + 0.05 * np.sin(2 * np.pi * 3 * times)))
    signal = np.zeros(count)
    for harmonic in range(1, int(4000 / pitch_hz) + 1):
        frequency = harmonic * pitch_hz
        gain = sum(1 / (1 + ((frequency - formant) / 120) ** 2) for formant in (600, 1200, 2600))
        signal += gain * np.sin(harmonic * phase)
    envelope: _Signal = np.clip(np.sin(2 * np.pi * 4 * times), 0, 1)
    peak = float(np.abs(signal).max())
    return signal * envelope / peak


def _knocks(count: int) -> _Signal:
    """Three short decaying bursts."""
    since = _times(count) % 0.3
    return np.sin(2 * np.pi * 180 * since) * np.exp(-since / 0.02)

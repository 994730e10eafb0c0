# SPDX-License-Identifier: Apache-2.0
"""Broad made-up audio to calibrate a quantiser on when there are no recordings.

Each sound lasts one patch and is a mixture of one to three of nine kinds, at levels from silence to clipping, dry or in
a room, full band or band-limited: what matters is that every channel of the network is driven as widely as real
audio drives it, not that a listener would be fooled. Equal seeds give equal samples.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from yamnet_tools.audio.pcm import INT16_FULL_SCALE, SAMPLE_RATE

PATCH_SAMPLES = 15_600
"""95 hops of 160 samples and a frame of 400: 0.975 s at 16 kHz."""

_Signal = npt.NDArray[np.float64]
_Rng = np.random.Generator
_TIMES = np.arange(PATCH_SAMPLES) / SAMPLE_RATE
_BINS_HZ = np.fft.rfftfreq(PATCH_SAMPLES, 1 / SAMPLE_RATE)
_TINY = 1e-12


def synthetic_sounds(count: int, seed: int = 0) -> Iterator[npt.NDArray[np.int16]]:
    """Yield `count` sounds of one patch each: int16 [15600] at 16 kHz.

    The n-th sound depends on `seed` and n alone, so that a longer run begins like a shorter one.
    """
    for index in range(count):
        yield _sound(np.random.default_rng([seed, index]))


def _sound(rng: _Rng) -> npt.NDArray[np.int16]:
    kind = rng.random()
    if kind < 0.04:
        signal = _near_silence(rng)
    else:
        signal = _mixture(rng)
        signal = signal / max(float(np.abs(signal).max()), _TINY)
        signal = signal * _gain(rng.triangular(-60, -8, 6))  # above 0 dB it clips
        signal = signal + rng.standard_normal(PATCH_SAMPLES) * _gain(rng.uniform(-100, -55))
    return np.clip(np.round(signal * INT16_FULL_SCALE), -INT16_FULL_SCALE, INT16_FULL_SCALE - 1).astype(np.int16)


def _mixture(rng: _Rng) -> _Signal:
    layers = rng.choice([1, 2, 3], p=[0.55, 0.3, 0.15])
    total = np.zeros(PATCH_SAMPLES)
    for level_db in (0.0, *rng.uniform(-30, 0, layers - 1)):
        part = _KINDS[rng.integers(len(_KINDS))](rng)
        total += part / max(float(np.abs(part).max()), _TINY) * _gain(level_db)
    if rng.random() < 0.4:
        total = _in_a_room(total, rng)
    if rng.random() < 0.35:
        total = _filtered(total, _band(rng))
    return _placed(total, rng) if rng.random() < 0.3 else total


def _near_silence(rng: _Rng) -> _Signal:
    """Digital zero, an offset, or the noise floor of a microphone."""
    choice = rng.integers(3)
    if choice == 0:
        return np.zeros(PATCH_SAMPLES)
    if choice == 1:
        return np.full(PATCH_SAMPLES, rng.uniform(-0.1, 0.1))
    return _coloured_noise(rng, rng.uniform(-1.5, 0.5)) * _gain(rng.uniform(-100, -60))


def _speech(rng: _Rng) -> _Signal:
    """Voiced syllables through moving formants, with fricatives between them."""
    pitch = np.exp(rng.uniform(np.log(80), np.log(420))) * np.exp(_wander(rng, 4, 0.25))
    syllables = _syllables(rng)
    source = _pulses(pitch, rng)
    signal = np.zeros(PATCH_SAMPLES)
    tract = rng.uniform(0.85, 1.35)
    for centre, width, gain in ((500, 90, 1.0), (1500, 120, 0.6), (2500, 160, 0.35), (3500, 220, 0.15)):
        for part in range(4):  # four places of articulation, cross-faded
            window = np.clip(1 - np.abs(_TIMES * 4 - part - 0.5), 0, 1)
            place = centre * tract * np.exp(rng.normal(0, 0.3))
            signal += gain * _filtered(source, _resonance(place, width)) * window
    hiss = _filtered(rng.standard_normal(PATCH_SAMPLES), _resonance(rng.uniform(2500, 7000), 1500))
    breath = rng.uniform(0, 0.5)
    return signal / _peak(signal) * syllables + breath * hiss / _peak(hiss) * (1 - syllables) * _syllables(rng)


def _cry(rng: _Rng) -> _Signal:
    """A harmonic glide with a rough voice: cries, howls, mews, crows and calls."""
    pitch = np.exp(rng.uniform(np.log(200), np.log(1200))) * np.exp(_wander(rng, 2, 0.4))
    pitch = pitch * (1 + rng.uniform(0, 0.08) * np.sin(2 * np.pi * rng.uniform(4, 60) * _TIMES))
    signal = _harmonics(pitch, rng, tilt=rng.uniform(0.3, 1.8))
    return _filtered(signal, _resonance(rng.uniform(700, 3500), rng.uniform(300, 2500))) * _bursts(rng, 1, 5)


def _bark(rng: _Rng) -> _Signal:
    """Short noisy harmonic bursts: barks, coughs, sneezes, quacks."""
    pitch = np.exp(rng.uniform(np.log(120), np.log(900))) * np.exp(_wander(rng, 6, 0.4))
    rough = _harmonics(pitch, rng, tilt=0.7)
    noise = _filtered(rng.standard_normal(PATCH_SAMPLES), _resonance(rng.uniform(500, 4000), rng.uniform(400, 3000)))
    mix = rng.uniform(0, 1)
    return (mix * rough / _peak(rough) + (1 - mix) * noise / _peak(noise)) * _bursts(rng, 1, 6, decay=True)


def _music(rng: _Rng) -> _Signal:
    """Notes of a scale, plucked, bowed or sung in, with or without a drum."""
    root = np.exp(rng.uniform(np.log(55), np.log(700)))
    tilt, vibrato = rng.uniform(0.5, 2.5), rng.uniform(0, 0.01)
    decay = np.exp(rng.uniform(np.log(0.05), np.log(3)))
    signal = np.zeros(PATCH_SAMPLES)
    for _ in range(rng.integers(1, 7)):
        step = rng.choice([0, 2, 4, 5, 7, 9, 11, 12, 14, 16])
        pitch = root * 2 ** (step / 12) * (1 + vibrato * np.sin(2 * np.pi * 5.5 * _TIMES))
        start = rng.uniform(-0.3, 0.9)
        envelope = np.where(start <= _TIMES, np.exp(-(_TIMES - start) / decay), 0.0)
        rise = np.clip((_TIMES - start) / np.exp(rng.uniform(np.log(0.002), np.log(0.15))), 0, 1)
        signal += _harmonics(np.full(PATCH_SAMPLES, pitch), rng, tilt) * envelope * rise * rng.uniform(0.3, 1)
    if rng.random() < 0.4:
        signal = signal / _peak(signal) + _impulses(rng) * rng.uniform(0.2, 1)
    return signal


def _alarm(rng: _Rng) -> _Signal:
    """Beeps, sirens, bells and buzzers."""
    kind = rng.integers(4)
    base = np.exp(rng.uniform(np.log(350), np.log(4000)))
    if kind == 0:  # beeps, as the temporal three pattern of smoke alarms has
        return _harmonics(np.full(PATCH_SAMPLES, base), rng, rng.uniform(1, 3)) * _gate(rng)
    if kind == 1:  # a siren
        depth, rate = rng.uniform(0.1, 0.6), np.exp(rng.uniform(np.log(0.2), np.log(8)))
        sweep = np.sin(2 * np.pi * (rate * _TIMES + rng.random()))
        if rng.random() < 0.4:
            sweep = np.sign(sweep)
        return _harmonics(base / 2 * (1 + depth * sweep), rng, rng.uniform(0.8, 2.5))
    if kind == 2:  # a bell: inharmonic partials that ring
        return _modes(base, rng, np.exp(rng.uniform(np.log(0.1), np.log(2)))) * 1.0
    buzz = np.sign(np.sin(2 * np.pi * rng.uniform(60, 500) * _TIMES))
    return _filtered(buzz, _resonance(base, base / 2)) * (_gate(rng) if rng.random() < 0.5 else 1.0)


def _noise(rng: _Rng) -> _Signal:
    """Coloured or band-passed noise, steady or modulated: rain, wind, waves, applause, hiss."""
    signal = _coloured_noise(rng, rng.uniform(-2, 1))
    if rng.random() < 0.5:
        signal = _filtered(signal, _resonance(np.exp(rng.uniform(np.log(100), np.log(7000))), rng.uniform(100, 3000)))
    if rng.random() < 0.5:
        signal = signal * np.exp(_wander(rng, int(rng.integers(2, 30)), rng.uniform(0.2, 1.5)))
    return signal


def _engine(rng: _Rng) -> _Signal:
    """Low harmonics with jitter, pulsed noise: engines, rotors, drills, saws, fans."""
    rate = np.exp(rng.uniform(np.log(8), np.log(250))) * np.exp(_wander(rng, 5, rng.uniform(0.01, 0.3)))
    pulses = _pulses(rate, rng)
    body = np.zeros(PATCH_SAMPLES)
    for _ in range(rng.integers(1, 5)):
        body += _filtered(pulses, _resonance(np.exp(rng.uniform(np.log(60), np.log(5000))), rng.uniform(60, 1500)))
    beat = 0.5 + 0.5 * np.sin(_phase(rate))
    noise = _coloured_noise(rng, rng.uniform(-1.5, 0.3)) * beat
    mix = rng.uniform(0, 1)
    return mix * body / _peak(body) + (1 - mix) * noise / _peak(noise)


def _impulses(rng: _Rng) -> _Signal:
    """Knocks, clicks, ticks, crackle, shots, glass and drops: decaying modes at regular or random times."""
    if rng.random() < 0.4:
        times = np.arange(rng.uniform(0, 0.4), 0.975, np.exp(rng.uniform(np.log(0.03), np.log(0.6))))
    else:
        times = rng.uniform(0, 0.9, rng.integers(1, rng.choice([3, 10, 80])))
    decay = np.exp(rng.uniform(np.log(0.001), np.log(0.25)))
    if rng.random() < 0.5:
        grain = _modes(np.exp(rng.uniform(np.log(80), np.log(5000))), rng, decay)
    else:
        grain = _coloured_noise(rng, rng.uniform(-1.5, 0.5)) * np.exp(-_TIMES / decay)
    hits = np.zeros(PATCH_SAMPLES)
    for time in times:
        hits[int(time * SAMPLE_RATE)] += rng.uniform(0.1, 1)
    return _convolved(hits, grain)


_KINDS: tuple[Callable[[_Rng], _Signal], ...] = (
    _speech, _speech, _cry, _bark, _music, _music, _alarm, _noise, _engine, _impulses,
)  # fmt: skip


def _gain(level_db: float) -> float:
    return float(10 ** (level_db / 20))


def _peak(signal: _Signal) -> float:
    return max(float(np.abs(signal).max()), _TINY)


def _phase(frequency_hz: _Signal) -> _Signal:
    return 2 * np.pi * np.cumsum(frequency_hz) / SAMPLE_RATE


def _wander(rng: _Rng, points: int, spread: float) -> _Signal:
    """A smooth random curve with `points` knots and standard deviation `spread`."""
    knots = rng.normal(0, spread, points + 2)
    return np.interp(_TIMES, np.linspace(0, _TIMES[-1], points + 2), knots)


def _harmonics(pitch_hz: _Signal, rng: _Rng, tilt: float) -> _Signal:
    """Harmonics whose amplitude falls as 1 / n**tilt, up to the highest that fits below 8 kHz."""
    phase = _phase(pitch_hz)
    count = int(min(30, 7800 / float(pitch_hz.max())))
    signal = np.zeros(PATCH_SAMPLES)
    for number in range(1, max(count, 1) + 1):
        signal += rng.uniform(0.3, 1) / number**tilt * np.sin(number * phase + rng.uniform(0, 2 * np.pi))
    return signal


def _pulses(rate_hz: _Signal, rng: _Rng) -> _Signal:
    """One sample per period of `rate_hz`, each a little different, as vocal folds and pistons give."""
    turns = _phase(rate_hz) / (2 * np.pi) + rng.random()
    starts = np.flatnonzero(np.diff(np.floor(turns)) > 0)
    pulses = np.zeros(PATCH_SAMPLES)
    pulses[starts] = rng.uniform(0.7, 1.3, starts.size)
    return pulses


def _modes(base_hz: float, rng: _Rng, decay_s: float) -> _Signal:
    """Inharmonic partials that die away, the high ones first."""
    signal = np.zeros(PATCH_SAMPLES)
    for ratio in np.cumprod([1.0, *rng.uniform(1.1, 1.9, rng.integers(1, 8))]):
        if base_hz * ratio < 7800:
            partial = np.sin(2 * np.pi * base_hz * ratio * _TIMES + rng.uniform(0, 6.28))
            signal += rng.uniform(0.2, 1) * partial * np.exp(-_TIMES * ratio / decay_s)
    return signal


def _coloured_noise(rng: _Rng, slope: float) -> _Signal:
    """Noise whose amplitude spectrum goes as f**slope."""
    shape = np.maximum(_BINS_HZ, 20.0) ** slope
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(PATCH_SAMPLES)) * shape, PATCH_SAMPLES)
    return noise / _peak(noise)


def _resonance(centre_hz: float, width_hz: float) -> _Signal:
    """Magnitude response of a resonance, on the bins of the whole sound's spectrum."""
    response: _Signal = 1 / (1 + ((_BINS_HZ - centre_hz) / width_hz) ** 2)
    return response


def _band(rng: _Rng) -> _Signal:
    """A telephone, a small loudspeaker, an old recording: what is left of the spectrum."""
    low, high = np.exp(rng.uniform(np.log(20), np.log(600))), np.exp(rng.uniform(np.log(1500), np.log(8000)))
    response: _Signal = 1 / (1 + (low / np.maximum(_BINS_HZ, 1)) ** 4) / (1 + (_BINS_HZ / high) ** 8)
    return response


def _filtered(signal: _Signal, response: _Signal) -> _Signal:
    return np.fft.irfft(np.fft.rfft(signal) * response, PATCH_SAMPLES)


def _convolved(signal: _Signal, response: _Signal) -> _Signal:
    length = 2 * PATCH_SAMPLES
    return np.fft.irfft(np.fft.rfft(signal, length) * np.fft.rfft(response, length), length)[:PATCH_SAMPLES]


def _in_a_room(signal: _Signal, rng: _Rng) -> _Signal:
    """The direct sound and an exponentially decaying tail."""
    decay = np.exp(rng.uniform(np.log(0.03), np.log(0.5)))
    tail = rng.standard_normal(PATCH_SAMPLES) * np.exp(-_TIMES / decay)
    tail *= rng.uniform(0.1, 1) / np.sqrt(np.sum(tail**2))
    tail[0] = 1
    return _convolved(signal, tail)


def _syllables(rng: _Rng) -> _Signal:
    rate = rng.uniform(2, 7)
    return np.clip(np.sin(2 * np.pi * (rate * _TIMES + rng.random())) + rng.uniform(-0.3, 0.7), 0, 1)


def _bursts(rng: _Rng, fewest: int, most: int, *, decay: bool = False) -> _Signal:
    """Envelopes of separate events that rise fast and fade."""
    envelope = np.zeros(PATCH_SAMPLES)
    for _ in range(rng.integers(fewest, most + 1)):
        start, length = rng.uniform(-0.2, 0.8), rng.uniform(0.05, 0.3 if decay else 1.0)
        position = (_TIMES - start) / length
        shape = (
            np.exp(-3 * position) * np.clip(position * 20, 0, 1) if decay else np.sin(np.pi * np.clip(position, 0, 1))
        )
        envelope = np.maximum(envelope, np.where((position >= 0) & (position <= 1), shape, 0) * rng.uniform(0.4, 1))
    return envelope


def _gate(rng: _Rng) -> _Signal:
    period, duty = np.exp(rng.uniform(np.log(0.05), np.log(1.2))), rng.uniform(0.2, 0.8)
    gate: _Signal = ((_TIMES / period + rng.random()) % 1 < duty).astype(np.float64)
    return gate


def _placed(signal: _Signal, rng: _Rng) -> _Signal:
    """Cut to a stretch with silence before or after it, as at the ends of a clip."""
    cut = rng.integers(1000, PATCH_SAMPLES - 1000)
    kept = np.zeros(PATCH_SAMPLES)
    if rng.random() < 0.5:
        kept[:cut] = signal[:cut]
    else:
        kept[cut:] = signal[cut:]
    return kept

# SPDX-License-Identifier: Apache-2.0
"""The worked example of docs/own-sounds.md: recordings of a doorbell and of a washing machine that is done, of what is
neither, and one to try the result on. No two are alike: level, distance, room and pitch differ, as in a house.
"""

from collections.abc import Callable, Iterator

import numpy as np

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.examples.synthesis import Sound, at_peak, fade, in_room, mix, seconds, tone, white_noise

OF_EACH_SOUND = 12
OF_OTHER = 36
CLIP_S = 5.0

_Rng = np.random.Generator
_BELL_PARTIALS = ((1.0, 1.0, 1.2), (2.76, 0.4, 0.5), (5.4, 0.15, 0.25))  # of a struck bar: ratio, amplitude, decay in s
_DING_DONG_HZ = (659.3, 523.3)
_WASHER_HZ = (1047.0, 1319.0, 1568.0, 2093.0)
_KINDS_OF_OTHER = 9


def recordings() -> Iterator[tuple[str, Sound]]:
    """Names below the folder, and sounds; the same each time."""
    for label, make in (("doorbell", doorbell), ("washer_done", washer_done)):
        for number in range(OF_EACH_SOUND):
            rng = np.random.default_rng([1, number, len(label)])
            yield f"recordings/{label}/{label}-{number:02}.wav", _recorded(make(rng), rng)
    for number in range(OF_OTHER):
        rng = np.random.default_rng([2, number])
        yield f"recordings/other/other-{number:02}.wav", _recorded(_other(number % _KINDS_OF_OTHER, rng), rng)
    yield "trial.wav", trial()


def doorbell(rng: _Rng) -> Sound:
    """Two struck bars, a third apart: ding, dong."""
    tuned = float(rng.uniform(0.98, 1.02))
    first = float(rng.uniform(0.2, 1.5))
    return mix(CLIP_S, [(first + place * 0.6, _struck(hz * tuned)) for place, hz in enumerate(_DING_DONG_HZ)])


def washer_done(rng: _Rng) -> Sound:
    """Four beeps that rise, and the last one again."""
    first, pace = float(rng.uniform(0.2, 1.5)), float(rng.uniform(0.24, 0.28))
    beeps = [fade(tone(hz, (0.5, 0.0, 0.12), 0.18), 0.005, 0.02) for hz in (*_WASHER_HZ, _WASHER_HZ[-1])]
    return mix(CLIP_S, [(first + place * pace, beep) for place, beep in enumerate(beeps)])


def trial() -> Sound:
    """A quarter of a minute: knocks, the doorbell at 6 s, something that hums."""
    rng = np.random.default_rng(3)
    bell = mix(3.0, [(place * 0.6, _struck(hz * 1.005)) for place, hz in enumerate(_DING_DONG_HZ)])
    sound = mix(15.0, [(1.0, 0.2 * _knocks(rng)[: 3 * SAMPLE_RATE]), (6.0, 0.4 * bell), (10.0, 0.1 * _hum(rng))])
    return in_room(sound, 0.4, 0.3, 4) + white_noise(len(sound), 0.001, 5)


def _recorded(sound: Sound, rng: _Rng) -> Sound:
    """In a room, from some distance."""
    room = in_room(sound, float(rng.uniform(0.2, 0.6)), float(rng.uniform(0.1, 0.5)), int(rng.integers(1 << 31)))
    near = at_peak(room, float(10 ** rng.uniform(-1.3, -0.3))) if room.any() else room
    return near + white_noise(len(near), float(10 ** rng.uniform(-3.6, -2.8)), int(rng.integers(1 << 31)))


def _struck(hz: float) -> Sound:
    time = seconds(2.4)
    parts = (
        amplitude * np.exp(-time / decay) * np.sin(2 * np.pi * ratio * hz * time)
        for ratio, amplitude, decay in _BELL_PARTIALS
    )
    return fade(np.array(list(parts)).sum(axis=0), 0.002, 0.1)


def _other(kind: int, rng: _Rng) -> Sound:
    makers: tuple[Callable[[_Rng], Sound], ...] = (
        _silence, _babble, _knocks, _hum, _hiss, _single_tone, _sweep, _clinks, _keys,
    )  # fmt: skip
    return makers[kind](rng)


def _silence(_: _Rng) -> Sound:
    return np.zeros(round(CLIP_S * SAMPLE_RATE))


def _babble(rng: _Rng) -> Sound:
    """Harmonics of a wandering pitch, in syllables."""
    time = seconds(CLIP_S)
    pitch = float(rng.uniform(90, 260)) * (1 + 0.15 * np.sin(2 * np.pi * float(rng.uniform(0.5, 2)) * time))
    syllables: Sound = np.clip(np.sin(2 * np.pi * float(rng.uniform(2, 5)) * time), 0, 1)
    return tone(pitch, (1.0, 0.7, 0.6, 0.5, 0.3, 0.2, 0.1), CLIP_S) * syllables


def _knocks(rng: _Rng) -> Sound:
    knock = np.sin(2 * np.pi * float(rng.uniform(120, 300)) * seconds(0.2)) * np.exp(-seconds(0.2) / 0.025)
    return mix(CLIP_S, [(float(at), knock) for at in rng.uniform(0.2, CLIP_S - 0.3, 6)])


def _hum(rng: _Rng) -> Sound:
    return tone(float(rng.uniform(49, 120)), (1.0, 0.5, 0.4, 0.2, 0.2, 0.1), CLIP_S)


def _hiss(rng: _Rng) -> Sound:
    """Water from a tap."""
    hiss = white_noise(round(CLIP_S * SAMPLE_RATE), 0.3, int(rng.integers(1 << 31)))
    return fade(np.diff(hiss, prepend=0.0), 0.3, 0.3)


def _single_tone(rng: _Rng) -> Sound:
    """A beep, or a note that somebody plays."""
    hz, at_s = float(rng.uniform(300, 3000)), float(rng.uniform(0.2, 3))
    return mix(CLIP_S, [(at_s, fade(tone(hz, (1.0, 0.3, 0.1), 0.8), 0.01, 0.3))])


def _sweep(rng: _Rng) -> Sound:
    low, high = sorted(rng.uniform(300, 3000, 2))
    return tone(np.linspace(low, high, round(CLIP_S * SAMPLE_RATE)), (1.0, 0.3), CLIP_S)


def _clinks(rng: _Rng) -> Sound:
    """Dishes: short and high."""
    clinks = []
    for at_s in rng.uniform(0.1, CLIP_S - 0.4, 8):
        time = seconds(0.3)
        clinks.append((float(at_s), np.sin(2 * np.pi * float(rng.uniform(2500, 6000)) * time) * np.exp(-time / 0.05)))
    return mix(CLIP_S, clinks)


def _keys(rng: _Rng) -> Sound:
    """A melody of struck bars that is no ding-dong."""
    starts = np.arange(0.2, CLIP_S - 1.0, 0.35)
    return mix(CLIP_S, [(float(at_s), 0.5 * _struck(float(rng.uniform(250, 1500)))) for at_s in starts])

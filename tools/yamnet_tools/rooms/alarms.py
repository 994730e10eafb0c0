# SPDX-License-Identifier: Apache-2.0
"""Alarms as their standards say, and recordings of alarms made as long as real ones sound.

T3 is the evacuation signal of ISO 8201 (and NFPA 72's temporal-three of smoke alarms), T4 the temporal-four of carbon
monoxide alarms (UL 2034). Sounders differ in pitch (3.1 kHz piezos, 520 Hz square waves) and a little in tempo.
"""

from collections.abc import Sequence

import numpy as np

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.examples.synthesis import Sound, fade, tone

T3_PERIOD_S = 4.0
T4_PERIOD_S = 5.7

_T3_BEEPS = tuple((float(start), 0.5) for start in range(3))
_T4_BEEPS = tuple((0.2 * number, 0.1) for number in range(4))

_SINGLE_BEEP_S = 0.8
_EDGE_S = 0.005


def t3(pitch_hz: float, duration_s: float, tempo: float = 1.0, partials: Sequence[float] = (1.0,)) -> Sound:
    """Three tones of 0.5 s, 0.5 s apart, then 1.5 s of pause, over and over."""
    return _pattern(_T3_BEEPS, T3_PERIOD_S, pitch_hz, duration_s, tempo, partials)


def t4(pitch_hz: float, duration_s: float, tempo: float = 1.0, partials: Sequence[float] = (1.0,)) -> Sound:
    """Four tones of 0.1 s, 0.1 s apart, then 5 s of pause, over and over."""
    return _pattern(_T4_BEEPS, T4_PERIOD_S, pitch_hz, duration_s, tempo, partials)


def _pattern(
    beeps: Sequence[tuple[float, float]],
    period_s: float,
    pitch_hz: float,
    duration_s: float,
    tempo: float,
    partials: Sequence[float],
) -> Sound:
    out = np.zeros(round(duration_s * SAMPLE_RATE))
    for number in range(int(np.ceil(duration_s * tempo / period_s))):
        for start, length in beeps:
            beep = fade(tone(pitch_hz, partials, length / tempo), _EDGE_S, _EDGE_S)
            _put(out, (number * period_s + start) / tempo, beep)
    return out


def _put(out: Sound, start_s: float, sound: Sound) -> None:
    start = round(start_s * SAMPLE_RATE)
    heard = sound[: max(len(out) - start, 0)]
    out[start : start + len(heard)] += heard


def lengthened(recording: Sound, least_s: float) -> Sound:
    """A recording of an alarm until it lasts `least_s`: a single beep in the rhythm of T3, anything longer repeated."""
    least = round(least_s * SAMPLE_RATE)
    if len(recording) >= least or len(recording) == 0:
        return recording
    if len(recording) < _SINGLE_BEEP_S * SAMPLE_RATE:
        out = np.zeros(least)
        for period in range(int(np.ceil(least_s / T3_PERIOD_S))):
            for start, _ in _T3_BEEPS:
                _put(out, period * T3_PERIOD_S + start, recording)
        return out
    return np.tile(recording, int(np.ceil(least / len(recording))))

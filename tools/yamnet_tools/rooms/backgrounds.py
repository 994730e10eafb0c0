# SPDX-License-Identifier: Apache-2.0
"""What a room sounds like when nothing is to be found: made-up noise and rain, or recordings one after the other."""

from collections.abc import Mapping, Sequence

import numpy as np

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.errors import UsageError
from yamnet_tools.events.stream import ROOM_DBFS, pink_noise
from yamnet_tools.examples.synthesis import Sound as Signal
from yamnet_tools.rooms.recordings import Recording, active_rms

QUIET = "quiet"
MADE = ("noise", "rain")
LABELS: Mapping[str, frozenset[str]] = {
    "speech": frozenset({"speech", "speech_flac", "speech_mp3"}),
    "music": frozenset({"music", "street_music"}),
    "kitchen": frozenset({"doing_the_dishes", "running_tap", "water"}),
    "street": frozenset({"engine_idling", "air_conditioner", "car_horn", "jackhammer", "drill", "drilling"}),
    "birds": frozenset({"bird", "rooster", "chicken"}),
}
"""Recordings' labels that make up a background."""

NAMES = (*MADE, *LABELS)
QUIET_DBFS = ROOM_DBFS
_FADE = SAMPLE_RATE // 4


def make(name: str, count: int, recordings: Sequence[Recording], random: np.random.Generator) -> Signal:
    """`count` samples of a background, RMS 1.

    Raises:
        UsageError: There is no such background, or no recording that it could be made of.
    """
    if name in (QUIET, "noise"):
        return pink_noise(count, random)
    if name == "rain":
        return _rain(count, random)
    if name not in LABELS:
        raise UsageError(f"--background {name}: it must be one of {', '.join(NAMES)}")
    chosen = [recording for recording in recordings if recording.label in LABELS[name]]
    if not chosen:
        raise UsageError(f"--background {name}: no recording is labelled {', '.join(sorted(LABELS[name]))}")
    return _one_after_the_other(count, chosen, random)


def _rain(count: int, random: np.random.Generator) -> Signal:
    """A hiss, and drops: a hundred a second of random strength, each a burst that dies away in milliseconds."""
    drops = np.zeros(count)
    places = random.integers(0, count, count * 100 // SAMPLE_RATE)
    np.add.at(drops, places, random.lognormal(0.0, 1.0, len(places)) * random.choice([-1.0, 1.0], len(places)))
    decay = np.exp(-np.arange(240) / 48.0) * random.standard_normal(240)
    hiss = np.diff(random.standard_normal(count + 1))
    rain = hiss * 0.15 + np.convolve(drops, decay)[:count]
    return _at_unit(rain)


def _one_after_the_other(count: int, recordings: Sequence[Recording], random: np.random.Generator) -> Signal:
    """Recordings in a random order, each as loud as the others, a quarter of a second faded into the next."""
    out = np.zeros(count + _FADE)
    position = 0
    order: list[int] = []
    while position < count:
        if not order:
            order = list(random.permutation(len(recordings)))
        signal = recordings[order.pop()].signal
        signal = signal / max(active_rms(signal), 1e-9)
        ramp = np.minimum(1.0, np.arange(1, len(signal) + 1) / _FADE)
        faded = (signal * ramp * ramp[::-1])[: len(out) - position]
        out[position : position + len(faded)] += faded
        position += max(len(faded) - _FADE, 1)
    out = out[:count]
    return _at_unit(out)


def _at_unit(signal: Signal) -> Signal:
    """Scaled to RMS 1."""
    scaled: Signal = signal / np.sqrt(np.mean(signal**2))
    return scaled

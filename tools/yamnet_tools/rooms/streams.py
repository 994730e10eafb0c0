# SPDX-License-Identifier: Apache-2.0
"""Streams of rooms: sections of one background each, in which sounds come at known signal to noise."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.rooms import alarms, backgrounds
from yamnet_tools.rooms.acoustics import Place, heard_through, microphone_noise
from yamnet_tools.rooms.recordings import Recording, active_rms, at_dbfs

SECTION_S = 900
LEAD_S = 45
"""Background alone at a section's start: the noise floor's warm-up of 30 s, and half as much again."""

_GAP_S = (7.0, 14.0)  # longer than any shipped rule's hold and cool-off
_BACKGROUND_DBFS = (-60.0, -40.0)
_LOW_HZ = 520.0  # the square wave of bedrooms' alarms (NFPA 72)
_TEMPOS = (0.95, 1.05)
_T3_S, _T4_S = 14.0, 20.0
_SYNTHETIC_DBFS = -25.0


@dataclass(frozen=True)
class Condition:
    """What a sound is heard against.

    Attributes:
        background: Its name.
        snr_db: Of the sound's active part against the background; None: at the level it was recorded with.
    """

    background: str
    snr_db: float | None


@dataclass(frozen=True)
class Wanted:
    """A recording to be placed: `sound` is what should be found, None: nothing."""

    recording: Recording
    sound: str | None


@dataclass(frozen=True)
class Placed:
    """A sound in a section.

    Attributes:
        name, label: The recording's.
        sound: What is to be found; None: nothing.
        condition: What it is heard against.
        start, end: First sample, and one behind its last.
    """

    name: str
    label: str
    sound: str | None
    condition: Condition
    start: int
    end: int


@dataclass(frozen=True)
class Section:
    """A stretch of one background.

    Attributes:
        number: Counted from 0.
        background: Its name.
        samples: Its length.
        placed: The sounds in it, in order.
    """

    number: int
    background: str
    samples: int
    placed: Sequence[Placed]


@dataclass(frozen=True)
class Setting:
    """How streams are made.

    Attributes:
        backgrounds: Names; a quiet room with sounds at their own level comes with them.
        snrs_db: Each sound is placed at these.
        hours: The stream's length.
        place: Where sounds are heard from.
        microphone_dbfs: RMS of the microphone's own noise.
        seed: Equal seeds give equal samples.
    """

    backgrounds: Sequence[str]
    snrs_db: Sequence[float]
    hours: float
    place: Place
    microphone_dbfs: float
    seed: int

    @property
    def sections(self) -> int:
        """How many sections the stream has."""
        return max(1, round(self.hours * 3600 / SECTION_S))


def synthetic_alarms(count: int, seed: int) -> list[Recording]:
    """Alarms of both standards, at pitches from 520 Hz to 4 kHz and tempos within 5 % of the standard's."""
    random = np.random.default_rng([seed, 1])
    made = []
    for number in range(count):
        pitch = float(
            random.choice([_LOW_HZ, random.uniform(600.0, 2_500.0), random.uniform(2_900.0, 3_500.0), 4_000.0])
        )
        tempo = float(random.uniform(*_TEMPOS))
        partials = [1.0 / n if n % 2 else 0.0 for n in range(1, 12)] if pitch == _LOW_HZ else [1.0]
        for label, make, length in (("synthetic_t3", alarms.t3, _T3_S), ("synthetic_t4", alarms.t4, _T4_S)):
            signal = make(pitch, length, tempo, partials) * at_dbfs(_SYNTHETIC_DBFS)
            made.append(Recording(f"{label} {number} at {pitch:.0f} Hz, tempo {tempo:.2f}", label, signal))
    return made


def sections(
    setting: Setting, wanted: Sequence[Wanted], recordings: Sequence[Recording]
) -> Iterator[tuple[Section, NDArray[np.int16]]]:
    """Make a stream, section by section: what is in it, and int16 PCM at 16 kHz.

    Each sound takes its turn, and meets the conditions in turn; between two of them comes a recording that is nothing
    to be found. Each section depends on the seed, its number and what came before in the order, not on time.

    Args:
        setting: How.
        wanted: The recordings to be placed.
        recordings: What backgrounds are made of.
    """
    response = setting.place.response()
    turns = {
        name: _Turns(name, wanted, setting, number)
        for number, name in enumerate((backgrounds.QUIET, *setting.backgrounds))
    }
    for number in range(setting.sections):
        name = list(turns)[number % len(turns)]
        yield _section(number, name, turns[name], setting, recordings, response)


class _Turns:
    """The order in which sounds come in one background."""

    def __init__(self, background: str, wanted: Sequence[Wanted], setting: Setting, number: int) -> None:
        self._background = background
        self._random = np.random.default_rng([setting.seed, 2, number])
        snrs = (None,) if background == backgrounds.QUIET else setting.snrs_db
        groups: dict[str | None, list[Wanted]] = {}
        for each in wanted:
            if each.sound is None and each.recording.label in backgrounds.LABELS.get(background, ()):
                continue  # it would be heard in front of itself
            groups.setdefault(each.sound, []).append(each)
        self._others = self._endless([(each, snr) for each in groups.pop(None, []) for snr in snrs])
        self._sounds = [
            self._endless([(each, snr) for each in group for snr in snrs]) for _, group in sorted(groups.items())
        ]

    def __iter__(self) -> Iterator[tuple[Wanted, Condition]]:
        while True:
            for place in self._random.permutation(len(self._sounds)):
                for source in (self._sounds[place], self._others):
                    if (found := next(source, None)) is not None:
                        yield found[0], Condition(self._background, found[1])

    def _endless(self, pairs: list[tuple[Wanted, float | None]]) -> Iterator[tuple[Wanted, float | None]]:
        while pairs:
            for place in self._random.permutation(len(pairs)):
                yield pairs[place]


def _section(
    number: int,
    background: str,
    turns: _Turns,
    setting: Setting,
    recordings: Sequence[Recording],
    response: NDArray[np.float64],
) -> tuple[Section, NDArray[np.int16]]:
    random = np.random.default_rng([setting.seed, 3, number])
    count = SECTION_S * SAMPLE_RATE
    quiet = background == backgrounds.QUIET
    rms = at_dbfs(backgrounds.QUIET_DBFS if quiet else random.uniform(*_BACKGROUND_DBFS))
    mixed = backgrounds.make(background, count, recordings, random) * rms
    placed: list[Placed] = []
    position = LEAD_S * SAMPLE_RATE
    for each, condition in turns:
        heard = heard_through(each.recording.signal, response)
        if condition.snr_db is not None:
            heard = heard * (rms * 10 ** (condition.snr_db / 20) / active_rms(heard))
        end = position + len(heard)
        if end + round(_GAP_S[1] * SAMPLE_RATE) > count:
            break
        mixed[position:end] += heard
        placed.append(Placed(each.recording.name, each.recording.label, each.sound, condition, position, end))
        position = end + round(random.uniform(*_GAP_S) * SAMPLE_RATE)
    mixed += microphone_noise(count, setting.microphone_dbfs, random)
    return Section(number, background, count, placed), np.rint(mixed).clip(-32768, 32767).astype(np.int16)

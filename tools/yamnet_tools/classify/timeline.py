# SPDX-License-Identifier: Apache-2.0
"""What was heard when: consecutive patches in which a class reaches the threshold, merged into segments."""

import struct
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.classify.scoring import Step
from yamnet_tools.classify.summary import probabilities
from yamnet_tools.files import naming
from yamnet_tools.model import YamnetModel

_RECORD = struct.Struct("<qqid")  # start and end sample, class index, peak
_IN_MEMORY_BYTES = 1 << 18


class Segment(NamedTuple):
    """A class, heard without a break.

    Attributes:
        start_s: Start of the first patch, in seconds.
        end_s: End of the last patch, in seconds.
        class_index: Which class.
        peak: Highest probability within.
    """

    start_s: float
    end_s: float
    class_index: int
    peak: float


class Onset(NamedTuple):
    """A class that has just reached the threshold."""

    start_s: float
    class_index: int
    p: float


class _Open(NamedTuple):
    slot: int
    start: int
    peak: float


class Timeline:
    """Finds segments as patches come, in order of their start.

    A segment gets its place in a temporary file when it opens and is completed there when it closes: the order needs
    no sorting and a day of sound no memory.

    Args:
        model: Whose patches these are.
        classes: Class indexes to follow.
        threshold: Probability from which on a class counts as heard.
    """

    def __init__(self, model: YamnetModel, classes: Sequence[int], threshold: float) -> None:
        self._quantization = model.output_quantization
        self._patch_samples = model.front_end.patch_samples
        self._hop_samples = model.front_end.patch_hop * model.front_end.frame_hop
        self._followed = np.zeros(len(model.class_names), bool)
        self._followed[list(classes)] = True
        self._threshold = threshold
        self._spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - closed on exit
        self._slots = 0
        self._open: dict[int, _Open] = {}
        self._last_start = 0

    def add(self, step: Step) -> list[Onset]:
        """Take the next step; returns what has begun to be heard in it, the most probable first within a patch."""
        onsets: list[Onset] = []
        p = probabilities(step.scores, self._quantization)
        for start, row in zip(step.starts.tolist(), p, strict=True):
            after_gap = start - self._last_start > self._hop_samples
            self._end([index for index in self._open if after_gap or row[index] < self._threshold])
            heard = np.flatnonzero((row >= self._threshold) & self._followed)
            self._last_start = start
            for index in heard[np.argsort(-row[heard], kind="stable")].tolist():
                peak = float(row[index])
                if (known := self._open.get(index)) is None:
                    self._open[index] = _Open(self._slots, start, peak)
                    self._write(self._slots, start, start, index, peak)
                    self._slots += 1
                    onsets.append(Onset(start / SAMPLE_RATE, index, peak))
                elif peak > known.peak:
                    self._open[index] = known._replace(peak=peak)
        return onsets

    def segments(self, duration_s: float) -> Iterator[Segment]:
        """Yield the segments found so far, none reaching beyond `duration_s`, in order of their start."""
        self._end(list(self._open))
        self._spool.seek(0)
        while record := self._spool.read(_RECORD.size):
            start, end, index, peak = _RECORD.unpack(record)
            yield Segment(start / SAMPLE_RATE, min(end / SAMPLE_RATE, duration_s), index, peak)

    def close(self) -> None:
        """Drop the temporary file."""
        self._spool.close()

    def _end(self, indexes: list[int]) -> None:
        for index in indexes:
            segment = self._open.pop(index)
            self._write(segment.slot, segment.start, self._last_start + self._patch_samples, index, segment.peak)

    def _write(self, slot: int, start: int, end: int, index: int, peak: float) -> None:
        with naming(Path(tempfile.gettempdir())):
            self._spool.seek(slot * _RECORD.size)
            self._spool.write(_RECORD.pack(start, end, index, peak))

# SPDX-License-Identifier: Apache-2.0
"""What the picture is drawn from, pooled as it comes: a day of sound needs as many columns as a second."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import device_core
from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.classify.class_columns import ClassColumns
from yamnet_tools.classify.pooling import ColumnPool
from yamnet_tools.classify.scoring import Step
from yamnet_tools.model import YamnetModel

_WAVEFORM_COLUMNS = 4096
_LOG_MEL_COLUMNS = 2048
_CLASS_COLUMNS = 1024


class Waveform(NamedTuple):
    """The envelope of a clip: times in seconds, lowest and highest sample (full scale is 1) from there on, each [n]."""

    time_s: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


class LogMel(NamedTuple):
    """A clip's log-mel frames: values [bands, n], the end of the last column in seconds."""

    values: NDArray[np.float64]
    end_s: float


class PlotData:
    """Collects a clip's waveform, log-mel frames and class scores.

    Args:
        model: Whose front end and scores these are.

    Attributes:
        classes: Every class's course over the clip.
    """

    def __init__(self, model: YamnetModel) -> None:
        self.classes = ClassColumns(model, _CLASS_COLUMNS)
        self._spec = model.front_end
        self._stream = device_core.LogMelStream(model.front_end)
        self._low = ColumnPool(1, np.int16, _WAVEFORM_COLUMNS, np.minimum)
        self._high = ColumnPool(1, np.int16, _WAVEFORM_COLUMNS, np.maximum)
        self._log_mel = ColumnPool(model.front_end.mel_bands, np.float64, _LOG_MEL_COLUMNS, np.add)
        self._samples = 0

    def add(self, step: Step) -> None:
        """Take the next step; what a gap swallowed is drawn as silence."""
        swallowed = step.audio.start - self._samples
        while swallowed > 0:
            silence = np.zeros(min(swallowed, SAMPLE_RATE), np.int16)
            self._add_audio(silence)
            swallowed -= len(silence)
        self._add_audio(step.audio.samples)
        self.classes.add(step)

    def waveform(self) -> Waveform:
        """The envelope so far."""
        low, high = self._low.columns()[:, 0] / 32768, self._high.columns()[:, 0] / 32768
        time_s = np.arange(len(low)) * self._low.rows_per_column / SAMPLE_RATE
        return Waveform(time_s, low, high)

    def log_mel(self) -> LogMel:
        """The log-mel frames so far, averaged within each column."""
        rows = self._log_mel.rows()
        values = (self._log_mel.columns() / rows[:, np.newaxis]).T
        return LogMel(values, float(rows.sum() * self._spec.frame_hop / SAMPLE_RATE))

    def _add_audio(self, samples: NDArray[np.int16]) -> None:
        self._low.add(samples[:, np.newaxis])
        self._high.add(samples[:, np.newaxis])
        self._log_mel.add(self._stream.feed(samples))
        self._samples += len(samples)

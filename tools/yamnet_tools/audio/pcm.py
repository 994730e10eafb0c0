# SPDX-License-Identifier: Apache-2.0
"""Any rate, any channel count, any sample type to what the model hears: 16 kHz, mono, int16."""

from typing import NamedTuple

import numpy as np
import soxr
from numpy.typing import NDArray

from yamnet_tools.errors import AudioError

SAMPLE_RATE = 16_000
"""Samples per second of the model's input."""

LOWEST_RATE = 1_000
HIGHEST_RATE = 1_000_000
"""Sample rates outside LOWEST_RATE..HIGHEST_RATE Hz come from damaged headers, not from recorders."""

INT16_FULL_SCALE = 32_768

Int16 = NDArray[np.int16]
Samples = NDArray[np.int16] | NDArray[np.float32] | NDArray[np.float64]
"""Decoded audio [frames, channels]: int16, or float with full scale at +-1."""


class PcmBlock(NamedTuple):
    """A stretch of the model's input.

    Attributes:
        start: Index of the first sample, counted at 16 kHz from the recording's beginning. A block that does not start
            where the one before ended follows a gap in a live recording.
        samples: int16 [n].
    """

    start: int
    samples: Int16


def check_format(sample_rate: int, channels: int) -> None:
    """Refuse what only a damaged header says.

    Raises:
        AudioError: No channels, or a sample rate (in Hz) no recorder has.
    """
    if channels < 1:
        raise AudioError("it has no channels")
    if not LOWEST_RATE <= sample_rate <= HIGHEST_RATE:
        raise AudioError(f"its sample rate of {sample_rate} Hz is outside {LOWEST_RATE}..{HIGHEST_RATE} Hz")


class PcmConverter:
    """Turns decoded blocks into 16 kHz mono int16, streaming.

    Channels are averaged; libsoxr at its HQ setting (about 120 dB stop band) changes the rate. A 16-bit mono source
    at 16 kHz passes through bit for bit. What lies beyond full scale is clipped, as a 16-bit recording would have it.

    Args:
        sample_rate: The source's, in Hz.
        channels: The source's channel count.

    Raises:
        AudioError: No channels, or a sample rate no recorder has.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        check_format(sample_rate, channels)
        self.sample_rate = sample_rate
        self.frames = 0
        self.clipped_frames = 0
        self._resampler = (
            soxr.ResampleStream(sample_rate, SAMPLE_RATE, num_channels=1, dtype=np.float32, quality="HQ")
            if sample_rate != SAMPLE_RATE
            else None
        )

    def convert(self, block: Samples) -> Int16:
        """Convert the next block.

        Args:
            block: [frames, channels], int16 or float.

        Returns:
            int16 [n]; with another rate than 16 kHz n lags behind by the resampler's delay.

        Raises:
            AudioError: A sample is NaN or infinite; the text says which.
        """
        if block.dtype != np.int16:
            self._refuse_not_finite(block)
        self.frames += len(block)
        if block.dtype == np.int16 and block.shape[1] == 1 and self._resampler is None:
            return block[:, 0].astype(np.int16, copy=False)
        scale = INT16_FULL_SCALE if block.dtype == np.int16 else 1.0
        mono = block[:, 0] / scale if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float64) / scale
        self.clipped_frames += int(np.count_nonzero(np.abs(mono) > 1.0))
        mono = np.clip(mono, -1.0, 1.0)
        if self._resampler is not None:
            mono = self._resampler.resample_chunk(mono.astype(np.float32))
        return _to_int16(mono)

    def flush(self) -> Int16:
        """What the resampler still holds after the last block: int16 [n]."""
        if self._resampler is None or self.frames == 0:
            return np.empty(0, np.int16)
        return _to_int16(self._resampler.resample_chunk(np.empty(0, np.float32), last=True))

    def _refuse_not_finite(self, block: Samples) -> None:
        finite = np.isfinite(block)
        if finite.all():
            return
        frame, channel = np.argwhere(~finite)[0]
        position = self.frames + int(frame)
        what = "NaN" if np.isnan(block[frame, channel]) else "infinite"
        where = f" of channel {channel + 1}" if block.shape[1] > 1 else ""
        raise AudioError(f"sample {position}{where} ({position / self.sample_rate:.3f} s) is {what}")


def _to_int16(samples: NDArray[np.float32] | NDArray[np.float64]) -> Int16:
    scaled = np.rint(samples * samples.dtype.type(INT16_FULL_SCALE))
    return np.clip(scaled, -INT16_FULL_SCALE, INT16_FULL_SCALE - 1).astype(np.int16)

# SPDX-License-Identifier: Apache-2.0
"""The computer's microphone as an endless recording."""

import math
import queue
from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from yamnet_tools.audio.pcm import SAMPLE_RATE, PcmBlock, PcmConverter
from yamnet_tools.errors import AudioError

_CALLBACK_SECONDS = 0.12
_QUEUE_SECONDS = 30.0
_SILENT_DEVICE_SECONDS = 5.0


class _Captured(NamedTuple):
    lost_frames: int  # between the block before and this one
    samples: NDArray[np.int16]  # [n, 1]


class Microphone:
    """Live input from the default device, through PortAudio. A context manager that starts and stops it.

    What cannot be kept, because scoring is slower than sound or PortAudio overran, is counted, and shows as a gap
    between two blocks.

    Attributes:
        name: "mic".
        expected_s: None.
        endless: True; it ends when it is stopped.
        lost_s: Seconds of sound that were lost so far.

    Raises:
        AudioError: The sounddevice package or PortAudio is missing, or there is no usable input device.
    """

    name = "mic"
    expected_s = None
    endless = True
    clipped_share = 0.0

    def __init__(self) -> None:
        self._sounddevice = import_sounddevice("--mic")
        try:
            self._rate = self._choose_rate()
            self._queue: queue.Queue[_Captured] = queue.Queue(maxsize=int(_QUEUE_SECONDS / _CALLBACK_SECONDS))
            self._stream = self._sounddevice.InputStream(
                samplerate=self._rate,
                blocksize=int(self._rate * _CALLBACK_SECONDS),
                channels=1,
                dtype="int16",
                callback=self._capture,
            )
        except (self._sounddevice.PortAudioError, ValueError) as error:
            raise AudioError(f"microphone: {error}") from error
        self._converter = PcmConverter(self._rate, 1)
        self._lost_now = 0
        self._lost_frames = 0

    def __enter__(self) -> Self:
        self._stream.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    @property
    def duration_s(self) -> float:
        """Seconds since the start that have been read, lost ones included."""
        return (self._converter.frames + self._lost_frames) / self._rate

    @property
    def lost_s(self) -> float:
        """Seconds of sound that were lost so far."""
        return self._lost_frames / self._rate

    def blocks(self) -> Iterator[PcmBlock]:
        """Yield 16 kHz mono int16 blocks for as long as the device delivers.

        Raises:
            AudioError: The device has stopped delivering.
        """
        start = 0
        while True:
            try:
                captured = self._queue.get(timeout=_SILENT_DEVICE_SECONDS)
            except queue.Empty:
                raise AudioError(f"microphone: nothing has come for {_SILENT_DEVICE_SECONDS:.0f} s") from None
            self._lost_frames += captured.lost_frames
            start += math.ceil(captured.lost_frames * SAMPLE_RATE / self._rate)
            samples = self._converter.convert(captured.samples)
            if len(samples):
                yield PcmBlock(start, samples)
            start += len(samples)

    def _capture(self, samples: NDArray[np.int16], frames: int, _time: object, status: Any) -> None:
        """PortAudio's callback, on its own thread: never blocks."""
        # PortAudio says that it overran but not by how much: one frame stands for it, so that no patch spans the gap.
        self._lost_now += 1 if status.input_overflow else 0
        try:
            self._queue.put_nowait(_Captured(self._lost_now, samples.copy()))
            self._lost_now = 0
        except queue.Full:
            self._lost_now += frames

    def _choose_rate(self) -> int:
        """The model's own rate where the device offers it, else the device's."""
        try:
            self._sounddevice.check_input_settings(channels=1, dtype="int16", samplerate=SAMPLE_RATE)
        except self._sounddevice.PortAudioError:
            return int(self._sounddevice.query_devices(kind="input")["default_samplerate"])
        return SAMPLE_RATE


def import_sounddevice(wanted_by: str) -> Any:
    """The package that records and plays.

    Raises:
        AudioError: It, or the PortAudio library, is missing.
    """
    try:
        import sounddevice
    except ImportError as error:
        raise AudioError(f"{wanted_by} needs the sounddevice package: pip install -e '.[mic]'") from error
    except OSError as error:  # what sounddevice raises without its C library
        raise AudioError(
            f"{wanted_by} needs the PortAudio library (Debian: apt install libportaudio2): {error}"
        ) from error
    return sounddevice

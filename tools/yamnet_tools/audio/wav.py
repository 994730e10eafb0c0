# SPDX-License-Identifier: Apache-2.0
"""RIFF/WAVE read strictly forward, so that a pipe does as well as a file.

libsndfile needs to know a WAV's length in advance; a recorder that writes into a pipe cannot say it. Having the header
in our own hands also tells a truncated recording from a whole one.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from yamnet_tools.audio.pcm import Samples, check_format
from yamnet_tools.errors import AudioError, TruncatedError

_PCM, _IEEE_FLOAT, _EXTENSIBLE = 0x0001, 0x0003, 0xFFFE  # mmreg.h, WAVE_FORMAT_*
_SAMPLE_BYTES = {_PCM: (1, 2, 3, 4), _IEEE_FLOAT: (4, 8)}  # what this reader decodes
_SKIP_BYTES = 1 << 16
_UNKNOWN_SIZE = 0xFFFFFFFF
# Writers that cannot seek back promise "as much as possible": 0x7FFFF000 (SoX, espeak-ng), 0x7FFFFFFF, 0x80000000 ...
_PLACEHOLDER_SIZE = 0x7FFF0000
_RIFF_SIZE_ENDS = 8  # the RIFF size counts from here


class UnsupportedEncodingError(AudioError):
    """A WAV whose samples are compressed: libsndfile may know them, this reader does not.

    Attributes:
        encoding: WAVE_FORMAT_*.
        data_start: Where the compressed data begins, in bytes.
        data_bytes: How long the header says it is, None where it does not say.
        truncated: What is wrong if the file is known to end before that.
    """

    def __init__(
        self, encoding: int, data_start: int, data_bytes: int | None, truncated: TruncatedError | None
    ) -> None:
        super().__init__(f"its samples are compressed (WAV format code 0x{encoding:04X})")
        self.encoding, self.data_start, self.data_bytes, self.truncated = encoding, data_start, data_bytes, truncated


@dataclass(frozen=True)
class _Format:
    encoding: int
    channels: int
    sample_rate: int
    frame_bytes: int
    bytes_per_second: int

    @property
    def sample_bytes(self) -> int:
        return self.frame_bytes // self.channels


class WavReader:
    """Decodes 8/16/24/32-bit integer and 32/64-bit float WAV, RF64 and BW64 included.

    Args:
        stream: Binary stream at the file's first byte; only read forward.
        total_bytes: The stream's length where it is known: a longer promise that writers use for "unknown" is none.

    Attributes:
        sample_rate: Hz.
        channels: Channel count.
        frames: Frames the header promises, None where it does not say.

    Raises:
        AudioError: Not a WAV, a damaged one, or one that ends before its audio begins.
        UnsupportedEncodingError: Compressed samples.
    """

    def __init__(self, stream: BinaryIO, total_bytes: int | None = None) -> None:
        self._stream = stream
        self._position = 0
        self._format, size = self._read_header()
        self.sample_rate = self._format.sample_rate
        self.channels = self._format.channels
        available = None if total_bytes is None else total_bytes - self._position
        if size is not None and size >= _PLACEHOLDER_SIZE and (available is None or size > available):
            size = None
        self._data_bytes = size
        self.frames = None if size is None else size // self._format.frame_bytes
        if self._format.encoding not in _SAMPLE_BYTES:
            short = None if size is None or available is None or size <= available else self._truncated(available)
            raise UnsupportedEncodingError(self._format.encoding, self._position, size, short)

    def blocks(self, frames: int) -> Iterator[Samples]:
        """Yield the samples, [n, channels] with n <= frames: int16 where the file holds 16-bit integers, else float.

        Raises:
            TruncatedError: The stream ends before the promised length, after all that is there was given out.
        """
        frame_bytes = self._format.frame_bytes
        done = 0
        while True:
            wanted = frames * frame_bytes
            if self._data_bytes is not None:
                wanted = min(wanted, self._data_bytes - done)
            data = self._stream.read(wanted)
            done += len(data)
            whole = len(data) // frame_bytes * frame_bytes
            if whole:
                yield _decode(data[:whole], self._format)
            if len(data) < wanted and self._data_bytes is not None:
                raise self._truncated(done)
            if len(data) < wanted or wanted == 0:
                return

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()

    def _truncated(self, available: int) -> TruncatedError:
        assert self._data_bytes is not None
        rate = self._format.bytes_per_second
        return TruncatedError(
            f"truncated: its header promises {self._data_bytes / rate:.3f} s of audio, "
            f"{available / rate:.3f} s are there"
        )

    def _read_header(self) -> tuple[_Format, int | None]:
        """Read up to the first sample; returns the format and the data chunk's size, None for "until the end"."""
        magic, riff_size, form = struct.unpack("<4sI4s", self._take(12, "empty, or too short for a WAV header"))
        if magic not in (b"RIFF", b"RF64", b"BW64") or form != b"WAVE":
            raise AudioError("not a WAV: it does not begin with RIFF....WAVE")
        audio_format: _Format | None = None
        long_size: int | None = None
        while True:
            name, size = struct.unpack("<4sI", self._take(8, "truncated: the header ends before any audio"))
            if name == b"data":
                break
            body_bytes = size + size % 2
            if name in (b"fmt ", b"ds64") and body_bytes <= _SKIP_BYTES:
                body = self._take(body_bytes, "truncated: the header ends before any audio")
                if name == b"fmt ":
                    audio_format = _parse_format(body)
                elif len(body) >= 16:
                    long_size = int.from_bytes(body[8:16], "little")
            else:
                self._skip(body_bytes)
        if audio_format is None:
            raise AudioError("damaged WAV: its audio comes before any format description")
        return audio_format, self._data_size(size, long_size, riff_size)

    def _data_size(self, size: int, long_size: int | None, riff_size: int) -> int | None:
        if size == _UNKNOWN_SIZE:
            return long_size or None
        # A recorder that never came back to fill in its header left the RIFF size at "header only" or a placeholder.
        header_only = riff_size + _RIFF_SIZE_ENDS <= self._position
        if size == 0 and (header_only or riff_size >= _PLACEHOLDER_SIZE):
            return None
        return size

    def _take(self, count: int, otherwise: str) -> bytes:
        data = self._stream.read(count)
        if len(data) < count:
            raise AudioError(otherwise)
        self._position += count
        return data

    def _skip(self, count: int) -> None:
        while count > 0:
            step = min(count, _SKIP_BYTES)
            self._take(step, "truncated: the header ends before any audio")
            count -= step


def _parse_format(body: bytes) -> _Format:
    if len(body) < 16:
        raise AudioError("damaged WAV: its format description is too short")
    encoding, channels, sample_rate, byte_rate, frame_bytes, bits = struct.unpack("<HHIIHH", body[:16])
    if encoding == _EXTENSIBLE and len(body) >= 26:
        encoding = int.from_bytes(body[24:26], "little")  # the SubFormat GUID begins with the classic code
    check_format(sample_rate, channels)
    if encoding not in _SAMPLE_BYTES:
        return _Format(encoding, channels, sample_rate, max(frame_bytes, 1), max(byte_rate, 1))
    sample_bytes = frame_bytes // channels
    whole = frame_bytes % channels == 0 and sample_bytes in _SAMPLE_BYTES[encoding]
    if not whole or not 0 < bits <= 8 * sample_bytes:
        raise AudioError(f"damaged WAV: {bits} bits a sample in {frame_bytes} bytes for {channels} channels")
    return _Format(encoding, channels, sample_rate, frame_bytes, frame_bytes * sample_rate)


def _decode(data: bytes, wav: _Format) -> Samples:
    samples: Samples
    if wav.encoding == _IEEE_FLOAT:
        samples = np.frombuffer(data, "<f4" if wav.sample_bytes == 4 else "<f8")
    elif wav.sample_bytes == 1:  # the only unsigned one
        samples = (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128
    elif wav.sample_bytes == 2:
        samples = np.frombuffer(data, "<i2")
    elif wav.sample_bytes == 3:
        widened = np.zeros((len(data) // 3, 4), np.uint8)
        widened[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        samples = widened.view("<i4")[:, 0] / 2.0**31
    else:
        samples = np.frombuffer(data, "<i4") / 2.0**31
    return samples.reshape(-1, wav.channels)

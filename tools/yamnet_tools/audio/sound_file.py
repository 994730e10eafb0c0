# SPDX-License-Identifier: Apache-2.0
"""Compressed recordings (FLAC, OGG, MP3 and whatever else libsndfile reads, and MPEG audio inside a WAV)."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import soundfile

from yamnet_tools.audio.pcm import Samples
from yamnet_tools.audio.wav import UnsupportedEncodingError
from yamnet_tools.errors import AudioError, TruncatedError

_UNKNOWN_FRAMES = 1 << 62  # libsndfile answers SF_COUNT_MAX (2^63 - 1) for "cannot say"
_OGG_PAGE_BYTES = 27 + 255 + 255 * 255  # RFC 3533: the largest page
_OGG_END_OF_STREAM = 0x04
_MP3_INDEX_WITHIN = 4096
_PIPED_BYTES = 1 << 16
_MPEG_BYTES_PER_SECOND = 56_000  # 448 kbit/s, the most MPEG audio has (ISO 11172-3, table of bit rates)
_MPEG_IN_WAV = (0x0050, 0x0055)  # mmreg.h: WAVE_FORMAT_MPEG, WAVE_FORMAT_MPEGLAYER3


class SoundFileReader:
    """Decodes a file through libsndfile.

    Args:
        path: The file.
        compressed: What its header says, if it is a WAV.

    Attributes:
        sample_rate: Hz.
        channels: Channel count.
        frames: Frames the file promises, None where it does not say.

    Raises:
        AudioError: Not audio libsndfile knows, or so truncated or damaged that nothing of it can be read.
    """

    def __init__(self, path: Path, compressed: UnsupportedEncodingError | None = None) -> None:
        self._missing = compressed and compressed.truncated
        start, end = 0, path.stat().st_size
        if compressed and compressed.encoding in _MPEG_IN_WAV:
            start = compressed.data_start
            end = min(end, start + (compressed.data_bytes or end))
        unknown_length = _mpeg_without_length(path, start)
        # Bytes that merely begin like MPEG audio soon cannot be decoded: they give too little sound for their size.
        self._least_seconds = 0.0 if unknown_length is None else (end - unknown_length) / (2 * _MPEG_BYTES_PER_SECOND)
        try:
            with _silence():
                if unknown_length is not None:
                    self._file = _open_piped(path, unknown_length, end)
                else:
                    self._file = soundfile.SoundFile(_Part(path, start, end) if start else os.fsencode(path))
        except soundfile.LibsndfileError as error:
            what = "truncated or damaged" if _claims_to_be_audio(path) else "not audio that can be read"
            raise AudioError(f"{what} (WAV, FLAC, OGG or MP3 is wanted): {_reason(error)}") from error
        self.sample_rate: int = self._file.samplerate
        self.channels: int = self._file.channels
        self.frames: int | None = self._file.frames if self._file.frames < _UNKNOWN_FRAMES else None
        if self._file.format == "OGG" and not _ogg_ends_whole(path):
            self._missing = TruncatedError("truncated: the last OGG page is missing")

    def blocks(self, frames: int) -> Iterator[Samples]:
        """Yield the samples, [n, channels] with n <= frames: int16 where the file holds 16-bit integers, else float32.

        Raises:
            TruncatedError: The decoder stumbles, or the file ends before the promised length.
            AudioError: It was not audio after all.
        """
        buffer = np.empty((frames, self.channels), np.int16 if self._file.subtype == "PCM_16" else np.float32)
        done = 0
        stumbled: soundfile.LibsndfileError | None = None
        while not stumbled:
            try:
                with _silence():
                    count = len(self._file.read(out=buffer))
            except soundfile.LibsndfileError as error:
                stumbled = error
                count = self._file.tell() - done if self._file.seekable() else 0
            if not count:
                break
            done += count
            yield buffer[:count].copy()
        seconds = done / self.sample_rate
        if seconds < self._least_seconds:
            raise AudioError(f"not audio, or damaged: only {seconds:.3f} s of it can be decoded")
        if self._missing:
            raise self._missing
        if stumbled:
            raise TruncatedError(f"truncated or damaged near {seconds:.3f} s: {_reason(stumbled)}") from stumbled
        if self.frames is not None and done < self.frames:
            raise TruncatedError(
                f"truncated: its header promises {self.frames / self.sample_rate:.3f} s of audio, "
                f"{seconds:.3f} s are there"
            )

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _claims_to_be_audio(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) in (b"fLaC", b"OggS", b"RIFF", b"RIFX", b"FORM", b"caff")


def _reason(error: soundfile.LibsndfileError) -> str:
    return str(error.error_string).removeprefix("Error : ").rstrip(".")


def _ogg_ends_whole(path: Path) -> bool:
    """Whether the last page is complete and says that it is the last (RFC 3533, section 6)."""
    with path.open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        stream.seek(max(0, stream.tell() - _OGG_PAGE_BYTES))
        tail = stream.read()
    page = tail[tail.rfind(b"OggS") :]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return False
    segments = page[27 : 27 + page[26]]
    return bool(page[5] & _OGG_END_OF_STREAM) and len(page) >= 27 + len(segments) + sum(segments)


def _mpeg_without_length(path: Path, start: int) -> int | None:
    """Offset of the first frame of MPEG audio from `start` that has no Xing, Info or VBRI frame; else None.

    libsndfile guesses the length of such a file from its first frame's bit rate and stops reading there, which loses
    half of some variable-rate recordings.
    """
    with path.open("rb") as stream:
        stream.seek(start)
        head = stream.read(10)
        offset = start
        if head[:3] == b"ID3" and len(head) == 10:  # its size: four bytes of seven bits (id3.org, ID3v2.4, section 3.1)
            offset += 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
        stream.seek(offset)
        first = stream.read(_MP3_INDEX_WITHIN)
    sync_and_layer = int.from_bytes(first[:2], "big")
    is_mpeg_frame = sync_and_layer & 0xFFE0 == 0xFFE0 and sync_and_layer & 0x0006 != 0
    return offset if is_mpeg_frame and not any(tag in first for tag in (b"Xing", b"Info", b"VBRI")) else None


class _Part:
    """Bytes start..end of a file as a file of their own."""

    def __init__(self, path: Path, start: int, end: int) -> None:
        self._file, self._start, self._end = path.open("rb"), start, end
        self._file.seek(start)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: self._start, os.SEEK_CUR: self._file.tell(), os.SEEK_END: self._end}[whence]
        return self._file.seek(base + offset) - self._start

    def tell(self) -> int:
        return self._file.tell() - self._start

    def read(self, count: int) -> bytes:
        return self._file.read(max(0, min(count, self._end - self._file.tell())))


def _open_piped(path: Path, start: int, end: int) -> soundfile.SoundFile:
    """Open through a pipe, where libsndfile reads to the end because it cannot guess a length."""
    source = path.open("rb")
    source.seek(start)
    reading, writing = os.pipe()

    def copy() -> None:
        with suppress(BrokenPipeError), source, os.fdopen(writing, "wb", buffering=0) as sink:
            while data := source.read(min(end - source.tell(), _PIPED_BYTES)):
                sink.write(data)

    threading.Thread(target=copy, daemon=True).start()
    return soundfile.SoundFile(reading)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep what mpg123 writes straight to the process's standard error from the user, who gets our one line."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)

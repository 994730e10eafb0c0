# SPDX-License-Identifier: Apache-2.0
"""Compressed recordings (FLAC, OGG, MP3 and whatever else libsndfile reads)."""

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import soundfile

from yamnet_tools.audio.pcm import Samples
from yamnet_tools.errors import AudioError

_UNKNOWN_FRAMES = 1 << 62  # libsndfile answers SF_COUNT_MAX (2^63 - 1) for "cannot say"
_OGG_PAGE_BYTES = 27 + 255 + 255 * 255  # RFC 3533: the largest page
_OGG_END_OF_STREAM = 0x04
_MP3_INDEX_WITHIN = 4096
_MPEG_BYTES_PER_SECOND = 56_000  # 448 kbit/s, the most MPEG audio has (ISO 11172-3, table of bit rates)


class SoundFileReader:
    """Decodes a file through libsndfile.

    Args:
        path: The file.

    Attributes:
        sample_rate: Hz.
        channels: Channel count.
        frames: Frames the file promises, None where it does not say.

    Raises:
        AudioError: Not audio libsndfile knows, or a truncated or damaged file.
    """

    def __init__(self, path: Path) -> None:
        mp3_start = _mp3_without_length(path)
        # Bytes that merely begin like MPEG audio soon cannot be decoded: they give too little sound for their size.
        self._least_seconds = 0.0
        if mp3_start is not None:
            self._least_seconds = (path.stat().st_size - mp3_start) / (2 * _MPEG_BYTES_PER_SECOND)
        try:
            with _silence():
                self._file = (
                    soundfile.SoundFile(os.fsencode(path)) if mp3_start is None else _open_piped(path, mp3_start)
                )
        except soundfile.LibsndfileError as error:
            what = "truncated or damaged" if _claims_to_be_audio(path) else "not audio that can be read"
            raise AudioError(f"{what} (WAV, FLAC, OGG or MP3 is wanted): {_reason(error)}") from error
        self.sample_rate: int = self._file.samplerate
        self.channels: int = self._file.channels
        self.frames: int | None = self._file.frames if self._file.frames < _UNKNOWN_FRAMES else None
        if self._file.format == "OGG" and not _ogg_ends_whole(path):
            raise AudioError("truncated: the last OGG page is missing")

    def blocks(self, frames: int) -> Iterator[Samples]:
        """Yield the samples, [n, channels] with n <= frames: int16 where the file holds 16-bit integers, else float32.

        Raises:
            AudioError: The decoder stumbles, or the file ends before the promised length.
        """
        dtype = "int16" if self._file.subtype == "PCM_16" else "float32"
        done = 0
        while True:
            try:
                with _silence():
                    block: Samples = self._file.read(frames, dtype=dtype, always_2d=True)
            except soundfile.LibsndfileError as error:
                raise AudioError(
                    f"truncated or damaged near {done / self.sample_rate:.3f} s: {_reason(error)}"
                ) from error
            if not len(block):
                break
            done += len(block)
            yield block
        if done / self.sample_rate < self._least_seconds:
            raise AudioError(f"not audio, or damaged: only {done / self.sample_rate:.3f} s of it can be decoded")
        if self.frames is not None and done < self.frames:
            raise AudioError(
                f"truncated: its header promises {self.frames / self.sample_rate:.3f} s of audio, "
                f"{done / self.sample_rate:.3f} s are there"
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


def _mp3_without_length(path: Path) -> int | None:
    """Offset of the first frame of MPEG audio that has no Xing, Info or VBRI frame; None for anything else.

    libsndfile guesses the length of such a file from its first frame's bit rate and stops reading there, which loses
    half of some variable-rate recordings.
    """
    with path.open("rb") as stream:
        head = stream.read(10)
        offset = 0
        if head[:3] == b"ID3" and len(head) == 10:  # its size: four bytes of seven bits (id3.org, ID3v2.4, section 3.1)
            offset = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
        stream.seek(offset)
        first = stream.read(_MP3_INDEX_WITHIN)
    sync_and_layer = int.from_bytes(first[:2], "big")
    is_mpeg_frame = sync_and_layer & 0xFFE0 == 0xFFE0 and sync_and_layer & 0x0006 != 0
    return offset if is_mpeg_frame and not any(tag in first for tag in (b"Xing", b"Info", b"VBRI")) else None


def _open_piped(path: Path, offset: int) -> soundfile.SoundFile:
    """Open through a pipe, where libsndfile reads to the end because it cannot guess a length."""
    source = path.open("rb")
    source.seek(offset)
    reading, writing = os.pipe()

    def copy() -> None:
        with suppress(BrokenPipeError), source, os.fdopen(writing, "wb", buffering=0) as sink:
            shutil.copyfileobj(source, sink)

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

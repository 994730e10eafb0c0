# SPDX-License-Identifier: Apache-2.0
"""One recording, opened by name and read as the model hears it."""

import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from yamnet_tools.audio.inputs import STDIN
from yamnet_tools.audio.pcm import PcmBlock, PcmConverter, Samples
from yamnet_tools.audio.sound_file import SoundFileReader
from yamnet_tools.audio.wav import UnsupportedEncodingError, WavReader
from yamnet_tools.errors import AudioError, TruncatedError

BLOCK_SECONDS = 1.92
"""Audio a block holds: four hops, so that a progress bar moves and Ctrl-C is heard."""

_LARGEST_BLOCK_SAMPLES = 1 << 20  # over all channels


class _Reader(Protocol):
    sample_rate: int
    channels: int
    frames: int | None

    def blocks(self, frames: int) -> Iterator[Samples]: ...

    def close(self) -> None: ...


class Recording:
    """A recording being read: once, from its beginning to its end. A context manager that closes it.

    Attributes:
        name: What the user called it; `-` for standard input.
        expected_s: The length in seconds it claims to have, None where it does not say.
        endless: Whether it may go on for ever: a pipe that does not say how long it is.
    """

    def __init__(self, name: str, reader: _Reader) -> None:
        self.name = name
        self._reader = reader
        self._converter = PcmConverter(reader.sample_rate, reader.channels)
        self.expected_s = None if reader.frames is None else reader.frames / reader.sample_rate
        self.endless = name == STDIN and self.expected_s is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    @property
    def duration_s(self) -> float:
        """Seconds of audio read so far, measured at the source's own sample rate."""
        return self._converter.frames / self._converter.sample_rate

    @property
    def clipped_share(self) -> float:
        """Share of the frames read so far that lay beyond full scale, 0..1."""
        return self._converter.clipped_frames / max(self._converter.frames, 1)

    def blocks(self) -> Iterator[PcmBlock]:
        """Yield 16 kHz mono int16 blocks, one after the other without a gap.

        Raises:
            TruncatedError: The recording ends before its end; all that is there was given out.
            AudioError: It is empty or damaged, or holds a NaN or infinite sample.
        """
        start = 0
        frames = int(self._reader.sample_rate * BLOCK_SECONDS)
        frames = max(1, min(frames, _LARGEST_BLOCK_SAMPLES // self._reader.channels))
        truncated: AudioError | None = None
        try:
            for block in self._reader.blocks(frames):
                samples = self._converter.convert(block)
                if len(samples):
                    yield PcmBlock(start, samples)
                start += len(samples)
        except TruncatedError as error:
            truncated = error
        except AudioError as error:
            raise _named(self.name, error) from error
        except OSError as error:
            raise _named(self.name, AudioError(error.strerror or str(error))) from error
        if self._converter.frames == 0:
            raise _named(self.name, truncated or AudioError("it holds no audio"))
        if len(rest := self._converter.flush()):
            yield PcmBlock(start, rest)
        if truncated:
            raise _named(self.name, truncated)


def open_recording(name: str) -> Recording:
    """Open a recording.

    Args:
        name: A file's path; `-` for a WAV on standard input. A named pipe has to carry a WAV, too.

    Raises:
        AudioError: Missing, unreadable, empty, not audio, truncated before its audio begins, without channels, with a
            sample rate no recorder has. The text begins with the name.
    """
    try:
        return Recording(name, _open_stdin() if name == STDIN else _open_path(Path(name)))
    except AudioError as error:
        raise _named(name, error) from error
    except OSError as error:
        raise _named(name, AudioError(error.strerror or str(error))) from error


def read_recording(name: str, cut_short: Callable[[TruncatedError], object]) -> NDArray[np.int16]:
    """All of a recording, 16 kHz mono int16 [n]; of one that ends before its end what is there.

    Args:
        name: As for open_recording.
        cut_short: Told of a recording that ends before its end.

    Raises:
        AudioError: There is nothing to be read, or it cannot be.
    """
    blocks: list[NDArray[np.int16]] = []
    with open_recording(name) as recording:
        try:
            blocks += (block.samples for block in recording.blocks())
        except TruncatedError as error:
            if not blocks:
                raise
            cut_short(error)
    return np.concatenate(blocks)


def _open_stdin() -> _Reader:
    if sys.stdin is None:
        raise AudioError("it is closed")
    if sys.stdin.isatty():
        raise AudioError("this is the keyboard; pipe a WAV into it")
    return WavReader(sys.stdin.buffer)


def _open_path(path: Path) -> _Reader:
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise AudioError("a folder, not a recording")
    is_file = stat.S_ISREG(status.st_mode)
    if is_file and status.st_size == 0:
        raise AudioError("an empty file")
    compressed = None
    with ExitStack() as on_failure:
        stream = on_failure.enter_context(path.open("rb"))
        if not is_file or _begins_like_wav(stream):
            try:
                reader = WavReader(stream, status.st_size if is_file else None)
            except UnsupportedEncodingError as error:
                if not is_file:
                    raise
                compressed = error
            else:
                on_failure.pop_all()
                return reader
    return SoundFileReader(path, compressed)


def _begins_like_wav(stream: BinaryIO) -> bool:
    head = stream.read(12)
    stream.seek(0)
    return head[:4] in (b"RIFF", b"RF64", b"BW64") and b"WAVE".startswith(head[8:])


def _named(name: str, error: AudioError) -> AudioError:
    kind = TruncatedError if isinstance(error, TruncatedError) else AudioError
    return kind(f"{'standard input' if name == STDIN else name}: {error}")

# SPDX-License-Identifier: Apache-2.0
"""Writing files so that no half-written one is ever seen, and the hashes that identify them."""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from yamnet_tools.errors import OutputError

_HASH_CHUNK_BYTES = 1 << 20


@contextmanager
def replacing(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to; it replaces `path` on success and vanishes on failure.

    The temporary file keeps the suffix, because some writers choose their format by it. A private one is for its owner
    only.

    Raises:
        OSError: what the system refused, with a file's name: a full disk has none of its own.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        with naming(path, also=temporary):
            yield temporary
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o600 if private else 0o666 & ~umask)
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def naming(path: Path, also: Path | None = None) -> Iterator[None]:
    """Give an operating system's error the name of the file that is being made, where it has none or that of `also`."""
    try:
        yield
    except OSError as error:
        if error.filename is None or (also is not None and str(error.filename) == str(also)):
            error.filename, error.filename2 = str(path), None
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`: all of it or nothing."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def refuse_overwriting(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Say before the work that an output would replace what it is made from.

    Raises:
        OutputError: naming both.
    """
    sources = {_identity(source): source for source in inputs}
    for output in outputs:
        if (source := sources.get(_identity(output))) is not None:
            raise OutputError(f"{output}: would overwrite an input, {source}; write to another place")


def refuse_places(outputs: Sequence[Path], inputs: Iterable[Path]) -> None:
    """Say before the work what would be lost after it.

    Raises:
        OutputError: an output would replace an input, or cannot be written to its place.
    """
    refuse_overwriting(outputs, inputs)
    for place in outputs:
        if place.is_dir():
            raise OutputError(f"{place}: a folder; name a file")
        above = next(folder for folder in place.absolute().parents if folder.exists())
        if not above.is_dir() or not os.access(above, os.W_OK):
            raise OutputError(f"{place}: {above} is {'not writable' if above.is_dir() else 'no folder'}")


def _identity(path: Path) -> tuple[int, int] | Path:
    """What is equal for two paths of one file, whatever links lead to it, and whether or not it is there."""
    try:
        status = path.stat()
    except OSError:
        return path.resolve()
    return status.st_dev, status.st_ino


def sha256_hex(data: bytes) -> str:
    """SHA-256 of `data` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file as 64 lower-case hexadecimal digits, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()

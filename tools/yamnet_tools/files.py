# SPDX-License-Identifier: Apache-2.0
"""Writing files so that no half-written one is ever seen, and the hashes that identify them."""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from yamnet_tools.errors import OutputError

_HASH_CHUNK_BYTES = 1 << 20


@contextmanager
def replacing(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to; it replaces `path` on success and vanishes on failure.

    The temporary file keeps the suffix, because some writers choose their format by it. A private one is for its owner
    only.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o600 if private else 0o666 & ~umask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`: all of it or nothing."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def refuse_overwriting(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Say before the work that an output would replace what it is made from.

    Raises:
        OutputError: naming both.
    """
    sources = list(inputs)
    for output in outputs:
        for source in sources:
            if _same_file(output, source):
                raise OutputError(f"{output}: would overwrite an input, {source}; write to another place")


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one is not there yet
        return one.resolve() == other.resolve()


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

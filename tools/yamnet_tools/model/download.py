# SPDX-License-Identifier: Apache-2.0
"""Fetches a file whose hash is known from the first mirror that has it, and picks up where a broken attempt stopped."""

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from yamnet_tools.errors import SourceError
from yamnet_tools.files import sha256_of_file

TIMEOUT_S = 20.0
"""How long a server may stay silent."""

_ATTEMPTS = 20  # connections per mirror and file
_CHUNK_BYTES = 1 << 16
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True)
class Artifact:
    """A published file: its name, size in bytes, SHA-256, and where to get it, best place first."""

    name: str
    size: int
    sha256: str
    urls: tuple[str, ...]


class _WrongContentError(Exception):
    """What a server sends is not the file; asking it again does not help."""


def download(artifact: Artifact, folder: Path, *, report: Callable[[str], None], timeout_s: float = TIMEOUT_S) -> Path:
    """Fetch an artifact into `folder` under its own name.

    Bytes received so far stay in `<name>.part`, so that the next attempt, mirror or run continues there. The file gets
    its name only once its hash is right.

    Args:
        artifact: what to fetch and from where.
        folder: made if it does not exist.
        report: takes a line for people about each mirror; a progress bar shows besides if standard error is a terminal.
        timeout_s: how long a server may stay silent.

    Raises:
        SourceError: no mirror gave the file; the text says what each of them answered.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{artifact.name}.part"
    failures = []
    for url in artifact.urls:
        report(f"downloading {artifact.name} from {url}")
        try:
            _fetch(artifact, url, part, timeout_s)
        except (_WrongContentError, OSError, http.client.HTTPException, ValueError) as error:
            failures.append(f"{url}: {_reason(error)}")
            report(f"  failed: {_reason(error)}")
            continue
        return part.replace(folder / artifact.name)
    raise SourceError(f"{artifact.name} cannot be downloaded: {'; '.join(failures)}")


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.URLError) and not isinstance(error, urllib.error.HTTPError):
        return str(error.reason)
    return str(error) or type(error).__name__


def _fetch(artifact: Artifact, url: str, part: Path, timeout_s: float) -> None:
    """Complete `part` from one mirror and check its hash.

    Bytes held from before may be another file's, so a wrong hash is the mirror's fault only if all bytes are its own.
    """
    others_bytes = part.exists()
    _complete(artifact, url, part, timeout_s)
    digest = sha256_of_file(part)
    if digest != artifact.sha256 and others_bytes:
        part.unlink()
        _complete(artifact, url, part, timeout_s)
        digest = sha256_of_file(part)
    if digest != artifact.sha256:
        part.unlink()
        raise _WrongContentError(f"the file there has SHA-256 {digest}, not {artifact.sha256}")


def _complete(artifact: Artifact, url: str, part: Path, timeout_s: float) -> None:
    """Receive until `part` is full; a connection that breaks is made again as long as each one brings something."""
    for attempt in range(1, _ATTEMPTS + 1):
        held = _size(part)
        if held >= artifact.size:
            return
        try:
            _append(artifact, url, part, timeout_s)
        except (ConnectionError, TimeoutError, http.client.HTTPException):
            if _size(part) == held or attempt == _ATTEMPTS:
                raise


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _append(artifact: Artifact, url: str, part: Path, timeout_s: float) -> None:
    """Add to `part` what is missing of it; where the server cannot continue, start it anew.

    Raises:
        OSError, http.client.HTTPException: the connection failed or ended early.
        _WrongContentError: the server's file has another size.
    """
    held = _size(part)
    response = _open(url, held, timeout_s)
    with response:
        if response.status == http.client.PARTIAL_CONTENT:
            _check_range(artifact, response.headers.get("Content-Range", ""), held)
        else:
            held = 0
            length = response.headers.get("Content-Length")
            if length is not None and int(length) != artifact.size:
                raise _WrongContentError(f"the file there has {int(length):,} bytes, not {artifact.size:,}")
        _receive(artifact, response, part, held)


def _open(url: str, held: int, timeout_s: float) -> http.client.HTTPResponse:
    """Ask for the bytes from `held` on, or for all of them if the server has no such range."""
    if not url.startswith(("http://", "https://")):
        raise _WrongContentError("not an http or https address")
    headers = {"User-Agent": "yamnet-tools", "Accept-Encoding": "identity"}
    if held:
        headers["Range"] = f"bytes={held}-"
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=timeout_s
        )
    except urllib.error.HTTPError as error:
        if held and error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            return _open(url, 0, timeout_s)
        raise
    return response


def _check_range(artifact: Artifact, content_range: str, held: int) -> None:
    match = _CONTENT_RANGE.fullmatch(content_range)
    if match is None or int(match[1]) != held:
        raise _WrongContentError(f"asked for the bytes from {held}, it sends '{content_range}'")
    if match[2] != "*" and int(match[2]) != artifact.size:
        raise _WrongContentError(f"the file there has {int(match[2]):,} bytes, not {artifact.size:,}")


def _receive(artifact: Artifact, response: http.client.HTTPResponse, part: Path, held: int) -> None:
    with (
        part.open("ab" if held else "wb") as stream,
        tqdm(
            total=artifact.size, initial=held, desc=artifact.name, unit="B", unit_scale=True, disable=None, leave=False
        ) as progress,
    ):
        while held < artifact.size:
            chunk = response.read1(min(_CHUNK_BYTES, artifact.size - held))
            if not chunk:
                raise ConnectionError(f"the connection ended after {held:,} of {artifact.size:,} bytes")
            stream.write(chunk)
            held += len(chunk)
            progress.update(len(chunk))

# SPDX-License-Identifier: Apache-2.0
"""A device's clips in a folder: what is not there yet, begun downloads gone on with, each compared with its hash."""

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from yamnet_tools.device.answers import require
from yamnet_tools.device.clips import Clip, Clips, checked_name
from yamnet_tools.device.http_line import HttpLine, HttpRefusedError
from yamnet_tools.errors import DeviceError
from yamnet_tools.files import sha256_of_file

_ALL = 1 << 30
_PIECE_BYTES = 1 << 16
_HASH_S = 60.0  # the device reads all of the clip
_DIGEST_SHAPE: dict[str, Any] = {"bytes": int, "sha256": str}


def pull_clips(line: HttpLine, folder: Path) -> Iterator[tuple[str, int]]:
    """Fetch clips that a folder does not have, oldest first; gives name and bytes of each as it is complete.

    One that is being recorded is left for the next time, and one that the device has removed meanwhile.

    Raises:
        DeviceError: the device is away, or what comes is not what it has. What has come so far stays, and the next call
            goes on with it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listed, _ = Clips(line).list(_ALL)
    for clip in reversed(listed):
        path = folder / checked_name(clip.fields["name"])
        if clip.fields["recording"] or _is_there(path, clip):
            continue
        try:
            _fetch(line, path)
        except HttpRefusedError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                continue
            raise
        yield path.name, path.stat().st_size


def _is_there(path: Path, clip: Clip) -> bool:
    return path.is_file() and path.stat().st_size == clip.fields["bytes"]


def _fetch(line: HttpLine, path: Path) -> None:
    """Write a clip to a file; until it is complete and right, it is called `.<name>.part`."""
    part = path.with_name(f".{path.name}.part")
    digest = line.ask_json("GET", f"clips/{path.name}/digest.json", timeout_s=max(line.timeout_s, _HASH_S))
    require(digest, _DIGEST_SHAPE, "digest.json")
    tag = part.with_suffix(".etag")
    for _ in range(2):
        _download(line, path.name, part, tag)
        if sha256_of_file(part) == digest["sha256"]:
            part.replace(path)
            tag.unlink(missing_ok=True)
            return
        part.unlink()
    raise DeviceError(f"{path.name}: what came has another SHA-256 than what the device has, twice")


def _download(line: HttpLine, name: str, part: Path, tag: Path) -> None:
    """Append to a file what it does not have yet; begin anew if the clip is another one by now."""
    fields: dict[str, str] = {}
    if part.exists() and tag.exists():
        fields = {"Range": f"bytes={part.stat().st_size}-", "If-Range": tag.read_text()}
    try:
        with line.open(f"clips/{name}", "audio/wav", fields) as stream:
            if not stream.has_an_end:
                raise DeviceError(
                    f"{name}: the answer does not say how long it is; what is between here and the device?"
                )
            goes_on = stream.status == HTTPStatus.PARTIAL_CONTENT
            if goes_on and not stream.header.get("Content-Range", "").startswith(f"bytes {part.stat().st_size}-"):
                raise DeviceError(f"{name}: another part came than was asked for")
            tag.write_text(stream.header.get("ETag", ""))
            with part.open("ab" if goes_on else "wb") as file:
                while piece := stream.read(_PIECE_BYTES):
                    file.write(piece)
    except HttpRefusedError as error:
        if error.status != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise

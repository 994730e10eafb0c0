# SPDX-License-Identifier: Apache-2.0
"""A device's clips: listed, fetched and played. Names and contents: docs/events.md."""

import argparse
import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile

from yamnet_tools import cli
from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.audio.microphone import import_sounddevice
from yamnet_tools.device.answers import Fields, require
from yamnet_tools.device.http_line import HttpLine
from yamnet_tools.errors import DeviceError
from yamnet_tools.files import replacing

SHOWN = 20
"""How many clips are listed if nobody says how many."""

_PAGE = 100
_PIECE_BYTES = 1 << 16
_BYTES_PER_SECOND = 2 * SAMPLE_RATE
_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}\.wav")
_CLIP_SHAPE: dict[str, Any] = {"name": str, "event": str, "utc?": str, "bytes": int, "starred": bool, "recording": bool}
_PAGE_SHAPE: dict[str, Any] = {"clips": [_CLIP_SHAPE], "next?": str}


@dataclass(frozen=True)
class Clip:
    """One clip as the device lists it; `fields` is all that it says."""

    fields: Fields

    def __str__(self) -> str:
        size = self.fields["bytes"]
        marks = [mark for mark in ("starred", "recording") if self.fields[mark]]
        rows = [f"{self.fields['name']:<36}", f"{size:>11,} bytes", f"{size / _BYTES_PER_SECOND:6.1f} s", *marks]
        return "  ".join(rows)


class Clips:
    """The clips behind a line."""

    def __init__(self, line: HttpLine) -> None:
        self._line = line

    def list(self, count: int, before: str = "") -> tuple[list[Clip], str | None]:
        """The newest clips, or the newest of those older than one, and the name to go on before; None after the last.

        Raises:
            DeviceError: no answer, or the device has no storage.
        """
        clips: list[Clip] = []
        following: str | None = before
        while following is not None and len(clips) < count:
            after = f"&before={checked_name(following)}" if following else ""
            page = self._line.ask_json("GET", f"clips?limit={min(_PAGE, count - len(clips))}{after}")
            require(page, _PAGE_SHAPE, "clips")
            clips += map(Clip, page["clips"])
            following = page["next"] if page["clips"] else None
        return clips, following

    def fetch(self, name: str, path: Path) -> int:
        """Write a clip to a file, all of it or nothing; returns its bytes.

        Raises:
            DeviceError: there is no such clip, it is being recorded, or the connection broke.
        """
        with self._line.open(f"clips/{checked_name(name)}", "audio/wav") as stream:
            if not stream.has_an_end:
                raise DeviceError(
                    f"{name}: the answer does not say how long it is; what is between here and the device?"
                )
            with replacing(path) as temporary, temporary.open("wb") as file:
                while piece := stream.read(_PIECE_BYTES):
                    file.write(piece)
                return file.tell()


def run_list(clips: Clips, options: argparse.Namespace) -> int:
    """Print clips, newest first."""
    found, following = clips.list(options.limit, options.before)
    for clip in found:
        print(json.dumps(clip.fields) if options.json else clip)
    if following is not None:
        cli.say(f"there are older ones: --before {following}")
    elif not found:
        cli.say("there are no clips")
    return cli.EXIT_OK


def run_get(clips: Clips, options: argparse.Namespace) -> int:
    """Fetch a clip into a file."""
    name = checked_name(options.name)
    path = Path(options.out) if options.out else Path()
    if path.is_dir():
        path /= name
    elif options.out.endswith(os.sep) or not path.parent.is_dir():
        raise DeviceError(f"--out {options.out}: there is no such folder")
    print(f"{path}: {clips.fetch(name, path):,} bytes")
    return cli.EXIT_OK


def run_play(clips: Clips, options: argparse.Namespace) -> int:
    """Play a clip on this computer."""
    sounddevice = import_sounddevice("clips play")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / checked_name(options.name)
        clips.fetch(options.name, path)
        try:
            pcm, rate = soundfile.read(path, dtype="int16")
        except soundfile.LibsndfileError as error:
            raise DeviceError(f"{options.name}: this is no sound: {error}") from error
    print(f"{options.name}: {len(pcm) / rate:.1f} s", flush=True)
    try:
        sounddevice.play(pcm, rate, blocking=True)
    except sounddevice.PortAudioError as error:
        raise DeviceError(f"this computer does not play: {error}; `clips get` fetches the file") from error
    return cli.EXIT_OK


def checked_name(name: str) -> str:
    """A name that is good for a path here and there."""
    if not _NAME.fullmatch(name):
        raise DeviceError(f"{name!r:.80}: no clip is called so; `clips list` shows their names")
    return name

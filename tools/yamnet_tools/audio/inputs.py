# SPDX-License-Identifier: Apache-2.0
"""From what was typed (files, folders, globs, `-`) to the recordings it means."""

import glob
import os
from pathlib import Path

from yamnet_tools.cli import describe_os_error
from yamnet_tools.errors import AudioError

STDIN = "-"
"""The argument that stands for a WAV on standard input."""

AUDIO_SUFFIXES = frozenset(
    {".aif", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".rf64", ".w64", ".wav", ".wave"}
)
"""What counts as audio inside a folder. A file that is named outright is tried whatever it is called."""


def find_recordings(argument: str) -> list[str]:
    """List the recordings one command-line argument stands for.

    Args:
        argument: A file, a folder (searched recursively by suffix, through links, each folder once; hidden entries and
            what is no file left out), a glob pattern the shell did not expand (`**` spans folders), or `-`.

    Returns:
        Paths in sorted order, or [STDIN].

    Raises:
        AudioError: The name is empty, the file is missing, the folder holds no audio or cannot be read, nothing
            matches the pattern.
    """
    if argument == STDIN:
        return [STDIN]
    if not argument:
        raise AudioError("'': an empty name stands for no recording")
    path = Path(argument)
    try:
        is_folder = path.is_dir()
    except OSError as error:  # a folder on the way to it may not be entered, or the name is too long
        raise AudioError(describe_os_error(error)) from error
    if is_folder:
        return _audio_below(path)
    # A file whose name happens to look like a pattern is still a file.
    if os.path.lexists(argument) or not glob.has_magic(argument):
        return [argument]
    matches = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
    files = [match for match in matches if not Path(match).is_dir()]
    if files:
        return files
    found = [recording for match in matches for recording in _audio_below(Path(match))]
    if not found:
        raise AudioError(f"{argument}: no file matches this pattern")
    return found


def _audio_below(folder: Path) -> list[str]:
    def fail(error: OSError) -> None:
        raise AudioError(describe_os_error(error)) from error

    found: list[Path] = []
    entered: set[Path] = set()
    for parent, folders, names in os.walk(folder, onerror=fail, followlinks=True):
        if (real := Path(parent).resolve()) in entered:  # a link, perhaps to a folder that it lies in
            folders.clear()
            continue
        entered.add(real)
        folders[:] = sorted(
            (name for name in folders if not name.startswith(".")), key=lambda name: Path(parent, name).is_symlink()
        )
        found += [path for name in names if _is_audio(path := Path(parent, name))]
    if not found:
        raise AudioError(f"{folder}: no audio in this folder (looked for {', '.join(sorted(AUDIO_SUFFIXES))})")
    return [str(path) for path in sorted(found)]


def _is_audio(path: Path) -> bool:
    if path.name.startswith(".") or path.suffix.lower() not in AUDIO_SUFFIXES:
        return False
    return path.is_file() or not path.exists()  # a pipe would keep us waiting; a broken link is worth an error

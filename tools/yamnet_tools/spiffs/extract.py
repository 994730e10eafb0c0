# SPDX-License-Identifier: Apache-2.0
"""Files out of an image, into a folder and nowhere else."""

from pathlib import Path

from yamnet_tools.errors import SpiffsError
from yamnet_tools.files import write_bytes
from yamnet_tools.spiffs import StoredFile, Volume


def extract(volume: Volume, folder: Path) -> tuple[list[Path], list[StoredFile]]:
    """Write all whole files of an image below a folder.

    Returns:
        The files written, and those with missing pages, which are not.

    Raises:
        SpiffsError: a name would lead out of the folder, or cannot be a file's; nothing has been written then.
        OSError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    targets = [(file, _target(file.name, folder)) for file in volume.files]
    written, lost = [], []
    for file, target in targets:
        if file.data is None:
            lost.append(file)
            continue
        write_bytes(target, file.data)
        written.append(target)
    return written, lost


def _target(name: str, folder: Path) -> Path:
    parts = name.split("/")[1:]
    if not name.startswith("/") or not name.isprintable() or any(part in ("", ".", "..") for part in parts):
        raise SpiffsError(f"{name!r} in the image is no name for a file below {folder}")
    target = folder.joinpath(*parts)
    if not target.resolve().is_relative_to(folder.resolve()):
        raise SpiffsError(f"{name!r} in the image leads out of {folder}")
    return target

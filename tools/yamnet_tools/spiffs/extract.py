# SPDX-License-Identifier: Apache-2.0
"""Files out of an image, into a folder and nowhere else."""

from pathlib import Path

from yamnet_tools.errors import SpiffsError
from yamnet_tools.files import refuse_overwriting, write_bytes
from yamnet_tools.spiffs import Volume


def extract(image: Path, volume: Volume, folder: Path) -> list[Path]:
    """Write the files of an image that are not damaged below a folder; returns what was written.

    Raises:
        SpiffsError: a name would lead out of the folder, or cannot be a file's; nothing has been written then.
        OutputError: a file would replace the image.
        OSError: a file cannot be written.
    """
    targets = {_target(file.name, folder): file.data for file in volume.files if file.data is not None}
    refuse_overwriting(targets, [image])
    folder.mkdir(parents=True, exist_ok=True)
    for target, data in targets.items():
        write_bytes(target, data)
    return list(targets)


def _target(name: str, folder: Path) -> Path:
    parts = name.split("/")[1:]
    if not name.startswith("/") or not name.isprintable() or any(part in ("", ".", "..") for part in parts):
        raise SpiffsError(f"{name!r} in the image is no name for a file below {folder}")
    target = folder.joinpath(*parts)
    if not target.resolve().is_relative_to(folder.resolve()):
        raise SpiffsError(f"{name!r} in the image leads out of {folder}")
    return target

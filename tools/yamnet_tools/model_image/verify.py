# SPDX-License-Identifier: Apache-2.0
"""Whether an image is sound: as SPIFFS, and as a whole model partition if it is one."""

from collections.abc import Sequence
from pathlib import Path

from yamnet_tools.errors import SpiffsError
from yamnet_tools.model_image import content
from yamnet_tools.paths import MANIFEST_NAME
from yamnet_tools.spiffs import Volume


def has_manifest(volume: Volume) -> bool:
    """Whether an image says of itself that it is a model partition."""
    return volume.file(f"/{MANIFEST_NAME}") is not None


def find_problems(volume: Volume) -> list[str]:
    """What is wrong with an image, and with its files by the manifest among them if there is one; a line each."""
    files = {file.name.removeprefix("/"): file.data for file in volume.files if file.data is not None}
    return volume.problems + (content.check(files) if has_manifest(volume) else [])


def refuse_damaged(path: Path, problems: Sequence[str]) -> None:
    """Raise SpiffsError with the first problem of an image, if there is any."""
    if problems:
        more = f" (and {len(problems) - 1:,} more)" if len(problems) > 1 else ""
        raise SpiffsError(f"{path}: damaged: {problems[0]}{more}")

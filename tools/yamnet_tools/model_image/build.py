# SPDX-License-Identifier: Apache-2.0
"""From a model to the image of its partition."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from yamnet_tools.errors import SpiffsError
from yamnet_tools.files import sha256_hex
from yamnet_tools.model_image import content
from yamnet_tools.model_image.placement import Placement
from yamnet_tools.partition_table import Partition
from yamnet_tools.spiffs import Geometry, build_image
from yamnet_tools.spiffs.writer import check_device_can_open


@dataclass(frozen=True)
class ModelImage:
    """An image, its files in order, and where it belongs."""

    data: bytes
    files: list[tuple[str, bytes]]
    placement: Placement


def build_model_image(
    model: Path, partition: Partition, geometry: Geometry | None = None, added: Sequence[tuple[str, bytes]] = ()
) -> ModelImage:
    """Make the image of the model partition.

    Args:
        model: a converted one.
        partition: gives the size.
        geometry: ESP-IDF's by default.
        added: further files, names with their leading slash and content, which the manifest does not describe.

    Raises:
        ModelError, EngineError: the model cannot be used.
        ImageFullError: the partition is too small; the text says how many bytes are missing.
        SpiffsError: ESP-IDF could not mount such an image.
        OSError: a file cannot be read.
    """
    files = [(f"/{name}", data) for name, data in content.collect(model).items()]
    return pack([*files, *added], partition, geometry or Geometry())


def pack(
    files: Sequence[tuple[str, bytes]], partition: Partition, geometry: Geometry, *, for_device: bool = True
) -> ModelImage:
    """Make an image of any files.

    Args:
        files: name, with its leading slash, and content, in order.
        partition: gives the size.
        geometry: ESP-IDF's or another.
        for_device: refuse what ESP-IDF's SPIFFS could not mount or open.

    Raises:
        SpiffsError: the files cannot be stored, or not read by a device.
    """
    if for_device:
        if problems := geometry.device_problems(partition.size):
            raise SpiffsError(f"a device could not mount it: {'; '.join(problems)} (--any-reader makes it anyway)")
        check_device_can_open([name for name, _ in files], geometry)
    data = build_image(files, partition.size, geometry)
    return ModelImage(data, list(files), Placement.of(partition, sha256_hex(data)))

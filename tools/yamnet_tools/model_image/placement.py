# SPDX-License-Identifier: Apache-2.0
"""Where an image belongs: a small JSON file beside it, so that it is never written to another place."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from yamnet_tools import partition_table
from yamnet_tools.errors import PartitionError
from yamnet_tools.files import sha256_of_file, write_bytes
from yamnet_tools.partition_table import Partition
from yamnet_tools.paths import MODEL_NAME, model_files


@dataclass(frozen=True)
class Placement:
    """The partition that an image was made for, and the image's own SHA-256."""

    label: str
    type: int
    subtype: int
    offset: int
    size: int
    sha256: str

    @classmethod
    def of(cls, partition: Partition, sha256: str) -> "Placement":
        """The placement in a partition."""
        return cls(partition.label, partition.type, partition.subtype, partition.offset, partition.size, sha256)

    @property
    def partition(self) -> Partition:
        """The entry that a partition table must have, but for its flags."""
        return Partition(self.label, self.type, self.subtype, self.offset, self.size)

    def write(self, image: Path) -> None:
        """Write it beside the image."""
        write_bytes(path_beside(image), (json.dumps(asdict(self), indent=1) + "\n").encode())


def path_beside(image: Path) -> Path:
    """The file with an image's placement: `yamnet_spiffs.json` for `yamnet_spiffs.bin`."""
    return image.with_suffix(".json")


def image_files(image: Path) -> list[Path]:
    """An image, its placement, and the model that lies beside them by default."""
    return [image, path_beside(image), *model_files(image.with_name(MODEL_NAME))]


def read_placement(image: Path) -> Placement:
    """Read the placement beside an image and check that it is that image's.

    Raises:
        PartitionError: there is none, or it is of another image.
        OSError: the image cannot be read.
    """
    beside = path_beside(image)
    digest = sha256_of_file(image)
    try:
        placement = Placement(**json.loads(beside.read_bytes()))
    except FileNotFoundError:
        raise PartitionError(
            f"{beside}: missing; tools/mkspiffs_model.py writes it beside the image, to say where that belongs"
        ) from None
    except (ValueError, TypeError):
        raise PartitionError(f"{beside}: damaged; make the image again with tools/mkspiffs_model.py") from None
    if placement.sha256 != digest:
        raise PartitionError(f"{beside}: of another image than {image}; make it again with tools/mkspiffs_model.py")
    return placement


def find_partition(table: Path, label: str) -> Partition:
    """The SPIFFS partition of that label in a partitions.csv.

    Raises:
        PartitionError: the table is wrong, has no such partition, or it is not for SPIFFS.
        OSError: the table cannot be read.
    """
    partitions = partition_table.read_csv(table)
    try:
        partition = partition_table.find(partitions, label)
    except PartitionError as error:
        raise type(error)(f"{table}: {error}") from error
    if partition.type_name != "data/spiffs":
        raise PartitionError(f"{table}: {partition} is not of type data/spiffs")
    return partition

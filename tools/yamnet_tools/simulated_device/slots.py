# SPDX-License-Identifier: Apache-2.0
"""The flash of a simulated device that updates write to: two places for its firmware, two for its model."""

import json
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path

from yamnet_tools import __version__, partition_table
from yamnet_tools.files import sha256_hex, write_bytes
from yamnet_tools.paths import PARTITION_TABLE
from yamnet_tools.updating import app_image

_APPS = ("ota_0", "ota_1")
_MODELS = ("yamnet", "yamnet_1")
_KEPT = ("update/", "simulated/")
_FLASHED = "simulated/flashed"
_OTADATA = "simulated/otadata"
"""Its first byte: which app runs."""


class Slots:
    """Files as long as partitions.csv says, in a folder that may be of an earlier run.

    What is in `image` is as if written by cable: it is what the device begins with, unless it had that already.
    """

    def __init__(self, folder: Path, image: bytes, settings: "KeptSettings") -> None:
        self._folder = folder
        table = partition_table.read_csv(PARTITION_TABLE)
        sizes = {label: partition_table.find(table, label).size for label in (*_APPS, *_MODELS)}
        sizes |= dict.fromkeys(_MODELS, len(image))
        flashed = sha256_hex(image).encode()
        if settings.get(_FLASHED) != flashed:
            contents = {"ota_0": app_image.make(__version__), "yamnet": image}
            for label, size in sizes.items():
                write_bytes(self._path(label), contents.get(label, b"").ljust(size, b"\xff"))
            settings.forget()
            settings[_FLASHED] = flashed

    def version(self, settings: Mapping[str, bytes]) -> str:
        """Of the app that runs."""
        active = settings.get(_OTADATA, b"\0")[0]
        with self._path(_APPS[active]).open("rb") as slot:
            return app_image.describe(slot.read(512)).version

    def model(self, slot: int) -> bytes:
        """What is in a slot for a model."""
        return self._path(_MODELS[slot]).read_bytes()

    def _path(self, label: str) -> Path:
        return self._folder / f"{label}.bin"


class KeptSettings(MutableMapping[str, bytes]):
    """Settings of which those of updates are kept in a file beside the slots: they say which of them is used."""

    def __init__(self, file: Path, values: dict[str, bytes]) -> None:
        self._file = file
        self._values = values
        if file.is_file():
            self._values |= {key: bytes.fromhex(value) for key, value in json.loads(file.read_text()).items()}

    def forget(self) -> None:
        """Drop all that is kept."""
        self._values = {key: value for key, value in self._values.items() if not key.startswith(_KEPT)}

    def __getitem__(self, key: str) -> bytes:
        """The value."""
        return self._values[key]

    def __setitem__(self, key: str, value: bytes) -> None:
        """Set a value, and keep it."""
        self._values[key] = value
        self._keep(key)

    def __delitem__(self, key: str) -> None:
        """Drop a value, kept or not."""
        del self._values[key]
        self._keep(key)

    def __iter__(self) -> Iterator[str]:
        """The keys."""
        return iter(self._values)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._values)

    def _keep(self, key: str) -> None:
        if key.startswith(_KEPT):
            kept = {key: value.hex() for key, value in self._values.items() if key.startswith(_KEPT)}
            write_bytes(self._file, json.dumps(kept).encode())

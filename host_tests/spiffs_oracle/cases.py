# SPDX-License-Identifier: Apache-2.0
"""File sets and geometries whose images' hashes, as spiffsgen.py makes them, are in data/spiffs_golden.json."""

import random
from dataclasses import dataclass, field

from yamnet_tools.spiffs import Geometry


@dataclass(frozen=True)
class Case:
    """Sizes of files by name; contents follow from the case's name."""

    name: str
    image_size: int
    sizes: dict[str, int]
    geometry: Geometry = field(default_factory=Geometry)

    def files(self) -> list[tuple[str, bytes]]:
        """The files, the same on every machine."""
        source = random.Random(self.name)
        return [(name, source.randbytes(size)) for name, size in self.sizes.items()]


_DATA = Geometry().data_capacity
_HEAD = Geometry().head_capacity * _DATA

CASES = [
    Case("nothing", 0x10000, {}),
    Case("one empty file", 0x10000, {"/empty": 0}),
    Case("one byte", 0x10000, {"/one": 1}),
    Case("a page exactly", 0x10000, {"/page": _DATA, "/less": _DATA - 1, "/more": _DATA + 1}),
    Case("one index page exactly", 0x20000, {"/head": _HEAD, "/less": _HEAD - 1, "/more": _HEAD + 1}),
    Case("three index pages", 0x40000, {"/big": 100_000, "/after": 12}),
    Case("a block exactly", 0x4000, {"/block": 14 * _DATA, "/next": 10}),
    Case("an image exactly", 0x4000, {"/full": 59 * _DATA}),
    Case("names at the limit", 0x10000, {"/" + 30 * "n": 40, "/" + 31 * "m": 50, "/a/b/c": 3}),
    Case("many", 0x40000, {f"/f{i}": i * 37 for i in range(60)}),
    Case("a model", 0x500000, {"/manifest.json": 900, "/selftest.bin": 6736, "/map.csv": 14096, "/model": 4_126_810}),
    Case("page 512", 0x40000, {"/a": 0, "/b": 90_000, "/c": 507}, Geometry(page_size=512)),
    Case("page 1024", 0x40000, {"/a": 1019, "/b": 150_000}, Geometry(page_size=1024)),
    Case("two lookup pages", 0x40000, {"/a": 70_000, "/b": 100}, Geometry(block_size=0x10000)),
    Case("long names and no metadata", 0x20000, {"/" + 60 * "x": 30_000}, Geometry(name_length=64, metadata_length=0)),
    Case("metadata", 0x20000, {"/a": 30_000}, Geometry(metadata_length=33)),
    Case("aligned tables", 0x20000, {"/a": 40_000}, Geometry(aligned_tables=True)),
    Case("big-endian", 0x20000, {"/a": 40_000}, Geometry(byte_order="big")),
    Case("no magic", 0x20000, {"/a": 40_000}, Geometry(magic=False)),
    Case("magic without length", 0x20000, {"/a": 40_000}, Geometry(magic_length=False)),
]

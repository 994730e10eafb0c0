# SPDX-License-Identifier: Apache-2.0
"""Writing a SPIFFS image: files in the order given, pages filled one after the other, as spiffsgen.py does."""

import struct
from collections.abc import Sequence

from yamnet_tools.errors import SpiffsError
from yamnet_tools.spiffs.geometry import (
    ID_BYTES,
    INDEX_FLAG,
    INDEX_HEADER_BYTES,
    MAX_FILES,
    PAGE_HEADER_BYTES,
    Geometry,
)

_FLAGS_INDEX = 0xF8  # used, final, index
_FLAGS_DATA = 0xFC  # used, final
_TYPE_FILE = 1


class ImageFullError(SpiffsError):
    """The files do not fit. `missing_bytes` is how much larger the image would have to be."""

    def __init__(self, needed_bytes: int, image_size: int) -> None:
        self.missing_bytes = needed_bytes - image_size
        super().__init__(
            f"the files need a SPIFFS image of {needed_bytes:,} bytes, there are {image_size:,}: "
            f"{self.missing_bytes:,} bytes are missing"
        )


def build_image(files: Sequence[tuple[str, bytes]], image_size: int, geometry: Geometry | None = None) -> bytes:
    """Make a SPIFFS image.

    Args:
        files: name, with its leading slash, and content. spiffsgen.py gives the same bytes for the same order, except
            for names outside ASCII: it pads them by letters instead of bytes, and nothing can read the image.
        image_size: bytes, a multiple of the block size: the partition's size.
        geometry: ESP-IDF's by default.

    Returns:
        image_size bytes.

    Raises:
        ImageFullError: the files do not fit.
        SpiffsError: a name or a size cannot be stored.
    """
    geometry = geometry or Geometry()
    blocks = geometry.blocks(image_size)
    _check_names([name for name, _ in files], geometry)
    needed_pages = sum(geometry.pages_for_file(len(data)) for _, data in files)
    needed_blocks = -(-needed_pages // geometry.object_pages_per_block)
    if needed_blocks > blocks:
        raise ImageFullError(needed_blocks * geometry.block_size, image_size)
    writer = _Writer(blocks, geometry)
    for object_id, (name, data) in enumerate(files, start=1):
        writer.add_file(object_id, name.encode(), data)
    return writer.finish()


def check_device_can_open(names: Sequence[str], geometry: Geometry) -> None:
    """Refuse names that fill their field: spiffsgen.py writes them, SPIFFS_open() calls them too long.

    Raises:
        SpiffsError: naming the first such name.
    """
    for name in names:
        if len(name.encode()) >= geometry.name_length:
            raise SpiffsError(
                f"the name {name!r} has {len(name.encode())} bytes, and a device with names of "
                f"{geometry.name_length} bytes opens at most {geometry.name_length - 1} (one is for the final zero)"
            )


def _check_names(names: Sequence[str], geometry: Geometry) -> None:
    if len(names) > MAX_FILES:
        raise SpiffsError(f"{len(names):,} files are more than SPIFFS can count ({MAX_FILES:,})")
    seen = set()
    for name in names:
        if not name.startswith("/") or name == "/" or "\0" in name:
            raise SpiffsError(f"{name!r} is no name for a file in SPIFFS: names have a leading slash and no NUL")
        if len(name.encode()) > geometry.name_length:
            raise SpiffsError(
                f"the name {name!r} has {len(name.encode())} bytes, the image's name field {geometry.name_length}"
            )
        if name in seen:
            raise SpiffsError(f"the name {name!r} is there twice")
        seen.add(name)


class _Writer:
    def __init__(self, blocks: int, geometry: Geometry) -> None:
        self._geometry = geometry
        self._blocks = blocks
        self._image = bytearray(b"\xff" * (blocks * geometry.block_size))
        self._pages = geometry.object_pages(blocks)
        self._order = "<" if geometry.byte_order == "little" else ">"

    def add_file(self, object_id: int, name: bytes, data: bytes) -> None:
        geometry = self._geometry
        table, room, index_span = self._start_index(object_id, 0), geometry.head_capacity, 0
        head = table
        self._put(head + INDEX_HEADER_BYTES, "IB", len(data), _TYPE_FILE)
        text = head + INDEX_HEADER_BYTES + 5
        self._image[text : head + geometry.table_offset] = name.ljust(head + geometry.table_offset - text, b"\0")
        table += geometry.table_offset
        for data_span, start in enumerate(range(0, len(data), geometry.data_capacity)):
            if room == 0:
                index_span += 1
                table = self._start_index(object_id, index_span) + INDEX_HEADER_BYTES
                room = geometry.index_capacity
            page, address = self._take_page(object_id)
            self._put(address, "HHB", object_id, data_span, _FLAGS_DATA)
            chunk = data[start : start + geometry.data_capacity]
            self._image[address + PAGE_HEADER_BYTES : address + PAGE_HEADER_BYTES + len(chunk)] = chunk
            self._put(table, "H", page)
            table += ID_BYTES
            room -= 1

    def finish(self) -> bytes:
        geometry = self._geometry
        if geometry.magic:
            for block in range(self._blocks):
                self._put(geometry.magic_offset(block), "H", geometry.magic_of_block(block, self._blocks))
        return bytes(self._image)

    def _start_index(self, object_id: int, span: int) -> int:
        _, address = self._take_page(object_id | INDEX_FLAG)
        self._put(address, "HHB", object_id | INDEX_FLAG, span, _FLAGS_INDEX)
        return address

    def _take_page(self, lookup_id: int) -> tuple[int, int]:
        page = next(self._pages)
        self._put(self._geometry.lookup_offset(page), "H", lookup_id)
        return page, page * self._geometry.page_size

    def _put(self, offset: int, layout: str, *values: int) -> None:
        struct.pack_into(self._order + layout, self._image, offset, *values)

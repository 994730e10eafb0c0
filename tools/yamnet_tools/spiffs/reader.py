# SPDX-License-Identifier: Apache-2.0
"""Reading a SPIFFS image that anybody wrote. Damaged files are named and have no content.

Files are followed as SPIFFS itself does: lookup entry, index pages, data pages, each page's own header checked.
Arbitrary bytes give problems, never an exception: only an impossible geometry or an empty image is an error.
"""

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from yamnet_tools.errors import SpiffsError
from yamnet_tools.spiffs.geometry import (
    DELETED_ID,
    FREE_ID,
    INDEX_FLAG,
    INDEX_HEADER_BYTES,
    PAGE_HEADER_BYTES,
    SIZE_AND_TYPE_BYTES,
    Geometry,
)

# Flag bits of a page header (spiffs_nucleus.h); a cleared bit means yes.
_FLAG_INDEX = 0x04
_FLAG_HEADER_DELETED = 0x40
_FLAG_DELETED = 0x80
_FLAGS_OF_STATE = 0x01 | 0x02 | _FLAG_INDEX | _FLAG_DELETED  # used, final

_TYPE_FILE = 1
_UNDEFINED_SIZE = 0xFFFFFFFF
_NO_PAGE = 0xFFFF


@dataclass(frozen=True)
class StoredFile:
    """A file as found. `size` is what its header says, in bytes; `data` is None when it is damaged."""

    name: str
    size: int
    data: bytes | None


@dataclass(frozen=True)
class Volume:
    """What an image holds: files in the order their headers lie in it, a line for each problem, and how full it is."""

    files: list[StoredFile]
    problems: list[str]
    used_pages: int
    object_pages: int

    def file(self, name: str) -> StoredFile | None:
        """The first file of that name."""
        return next((file for file in self.files if file.name == name), None)


def read_image(image: bytes, geometry: Geometry | None = None) -> Volume:
    """Read an image of the given geometry (ESP-IDF's by default).

    Returns:
        All files that have a header, and all problems found; those of the image come before those of files.

    Raises:
        SpiffsError: the image is shorter than one block, or has more pages than SPIFFS can count.
    """
    return _Reader(image, geometry or Geometry()).read()


@dataclass
class _Pages:
    """The pages of one object: page index by span index."""

    index: dict[int, int] = field(default_factory=dict)
    data: dict[int, int] = field(default_factory=dict)


class _Reader:
    def __init__(self, image: bytes, geometry: Geometry) -> None:
        self._geometry = geometry
        whole = len(image) - len(image) % geometry.block_size
        if whole == 0:
            raise SpiffsError(f"{len(image):,} bytes are less than one SPIFFS block of {geometry.block_size:,} bytes")
        self._blocks = geometry.blocks(whole)
        self._image = image
        self._order = "<" if geometry.byte_order == "little" else ">"
        self._problems: list[str] = []
        self._objects: dict[int, _Pages] = {}
        self._used = 0

    def read(self) -> Volume:
        if surplus := len(self._image) % self._geometry.block_size:
            self._problems.append(f"{len(self._image):,} bytes are {surplus:,} more than {self._blocks:,} whole blocks")
        if self._geometry.magic:
            self._check_magic()
        self._scan_lookup_tables()
        files = list(self._files())
        for name, count in Counter(file.name for file in files).items():
            if count > 1:
                self._problems.append(f"{count} files have the name {name}")
        object_pages = self._blocks * self._geometry.object_pages_per_block
        return Volume(files, self._problems, self._used, object_pages)

    def _check_magic(self) -> None:
        geometry = self._geometry
        found = [self._unpack("H", geometry.magic_offset(block))[0] for block in range(self._blocks)]
        bad = [block for block in range(self._blocks) if found[block] != geometry.magic_of_block(block, self._blocks)]
        if not bad:
            return
        lengths = Counter(geometry.blocks_of_magic(block, magic) for block, magic in enumerate(found))
        made_for, votes = lengths.most_common(1)[0]
        if geometry.magic_length and made_for != self._blocks and 1 < votes > self._blocks / 2:
            problem = (
                f"it has {self._blocks:,} blocks and was made for {made_for:,} "
                f"({made_for * geometry.block_size:,} bytes)"
            )
        elif len(bad) > self._blocks / 2:
            problem = (
                "no SPIFFS image of this format (--page-size, --block-size … name others): most blocks lack its magic"
            )
        else:
            problem = (
                f"{len(bad):,} of {self._blocks:,} blocks are without the magic of this format, "
                f"the first at 0x{bad[0] * geometry.block_size:x}"
            )
        self._problems.append(problem)

    def _scan_lookup_tables(self) -> None:
        for page in self._geometry.object_pages(self._blocks):
            (listed,) = self._unpack("H", self._geometry.lookup_offset(page))
            if listed not in (FREE_ID, DELETED_ID):
                self._used += 1
                self._take_page(page, listed)

    def _take_page(self, page: int, listed: int) -> None:
        object_id, span, flags = self._page_header(page)
        is_index = bool(listed & INDEX_FLAG)
        pages = self._objects.setdefault(listed & ~INDEX_FLAG, _Pages())
        spans = pages.index if is_index else pages.data
        sound = _FLAG_DELETED if is_index else _FLAG_DELETED | _FLAG_INDEX
        if object_id != listed or flags & _FLAGS_OF_STATE != sound or span in spans:
            self._problems.append(
                f"the page at 0x{page * self._geometry.page_size:x} is not what its block's lookup table says"
            )
        else:
            spans[span] = page

    def _files(self) -> Iterator[StoredFile]:
        headers = []
        for object_id, pages in self._objects.items():
            if 0 in pages.index:
                headers.append((pages.index[0], pages))
            else:
                self._problems.append(f"object 0x{object_id:04x} has pages, but not the one with the file's name")
        for page, pages in sorted(headers, key=lambda header: header[0]):
            if self._page_header(page)[2] & _FLAG_HEADER_DELETED:
                yield self._file(page, pages)

    def _file(self, page: int, pages: _Pages) -> StoredFile:
        geometry = self._geometry
        header = page * geometry.page_size + INDEX_HEADER_BYTES
        size, kind = self._unpack("IB", header)
        raw_name = self._image[header + SIZE_AND_TYPE_BYTES :][: geometry.name_length].split(b"\0")[0]
        name = raw_name.decode(errors="backslashreplace")
        if (
            kind != _TYPE_FILE
            or not name.startswith("/")
            or name == "/"
            or not name.isprintable()
            or name.encode() != raw_name
        ):
            self._problems.append(
                f"the header at 0x{page * geometry.page_size:x} is not a file's: {name!r}, type {kind}"
            )
        if size == _UNDEFINED_SIZE:  # never given a length: SPIFFS reads it as empty
            size = 0
        data = self._content(size, pages)
        if data is None:
            self._problems.append(
                f"{name} is damaged: not all pages for its {size:,} bytes are there, or more than those"
            )
        return StoredFile(name, size, data)

    def _content(self, size: int, pages: _Pages) -> bytes | None:
        """None unless the index lists a page for each part of the content, and no more, and each is there."""
        needed = -(-size // self._geometry.data_capacity)
        table = self._table(pages.index)
        listed = {span: page for span, page in table.items() if page != _NO_PAGE}
        if len(listed) != needed or any(pages.data.get(span, _NO_PAGE) != listed.get(span) for span in range(needed)):
            return None
        starts = [listed[span] * self._geometry.page_size + PAGE_HEADER_BYTES for span in range(needed)]
        return b"".join(self._image[start : start + self._geometry.data_capacity] for start in starts)[:size]

    def _table(self, index: dict[int, int]) -> dict[int, int]:
        """Page index by data span, from all index pages there are; a page not listed is _NO_PAGE."""
        geometry = self._geometry
        table: dict[int, int] = {}
        for span, page in index.items():
            if span == 0:
                first, offset, count = 0, geometry.table_offset, geometry.head_capacity
            else:
                first = geometry.head_capacity + (span - 1) * geometry.index_capacity
                offset, count = INDEX_HEADER_BYTES, geometry.index_capacity
            entries = self._unpack(f"{count}H", page * geometry.page_size + offset)
            table.update(enumerate(entries, start=first))
        return table

    def _page_header(self, page: int) -> tuple[int, int, int]:
        object_id, span, flags = self._unpack("HHB", page * self._geometry.page_size)
        return object_id, span, flags

    def _unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(self._order + layout, self._image, offset)

# SPDX-License-Identifier: Apache-2.0
"""Reading a SPIFFS image that anybody wrote, and telling apart what is wrong with it.

Files are followed as SPIFFS itself does: lookup entry, index pages, data pages, each page's own header checked.
Arbitrary bytes give damage, never an exception: only an impossible geometry or an empty image is an error.
"""

import enum
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
_FLAG_USED = 0x01
_FLAG_FINAL = 0x02
_FLAG_INDEX = 0x04
_FLAG_HEADER_DELETED = 0x40
_FLAG_DELETED = 0x80

_UNDEFINED_SIZE = 0xFFFFFFFF
_NO_PAGE = 0xFFFF


class DamageKind(enum.StrEnum):
    """What is wrong, as far as the image itself can tell; the values are what tools print."""

    IMAGE_LENGTH = "image-length"
    """The image has not the length it was made for."""
    BAD_MAGIC = "bad-magic"
    """A block is not marked as SPIFFS of this geometry."""
    BAD_PAGE = "bad-page"
    """A page's header contradicts the block's lookup table."""
    MISSING_PAGE = "missing-page"
    """A file's index or data page is not where it should be, or nobody's."""
    FILE_LENGTH = "file-length"
    """A file's size and the number of its pages contradict each other."""
    BAD_HEADER = "bad-header"
    """A file's name or type is not one."""
    DUPLICATE = "duplicate"
    """Two pages or files claim the same place or name."""


@dataclass(frozen=True)
class Damage:
    """One thing that is wrong, and the file it belongs to where it belongs to one."""

    kind: DamageKind
    text: str
    file: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.file + ': ' if self.file else ''}{self.text}"


@dataclass(frozen=True)
class StoredFile:
    """A file as found. `size` is what its header says, in bytes; `data` is None when pages are missing."""

    name: str
    size: int
    object_id: int
    data: bytes | None


@dataclass(frozen=True)
class Volume:
    """What an image holds: files in the order their headers lie in it, damage, and how full it is."""

    files: list[StoredFile]
    damage: list[Damage]
    used_pages: int
    deleted_pages: int
    object_pages: int

    def file(self, name: str) -> StoredFile | None:
        """The first file of that name."""
        return next((file for file in self.files if file.name == name), None)


def read_image(image: bytes, geometry: Geometry | None = None) -> Volume:
    """Read an image of the given geometry (ESP-IDF's by default).

    Returns:
        All files that can be followed, and all damage found.

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
        self._damage: list[Damage] = []
        self._objects: dict[int, _Pages] = {}
        self._used = 0
        self._deleted = 0

    def read(self) -> Volume:
        if surplus := len(self._image) % self._geometry.block_size:
            self._found(
                DamageKind.IMAGE_LENGTH,
                f"{len(self._image):,} bytes are {surplus:,} more than {self._blocks:,} whole blocks",
            )
        if self._geometry.magic:
            self._check_magic()
        self._scan_lookup_tables()
        files = list(self._files())
        for name, count in Counter(file.name for file in files).items():
            if count > 1:
                self._found(DamageKind.DUPLICATE, f"{count} files have this name", name)
        return Volume(
            files, self._damage, self._used, self._deleted, self._blocks * self._geometry.object_pages_per_block
        )

    def _found(self, kind: DamageKind, text: str, file: str | None = None) -> None:
        self._damage.append(Damage(kind, text, file))

    def _check_magic(self) -> None:
        geometry = self._geometry
        found = [self._unpack("H", geometry.magic_offset(block))[0] for block in range(self._blocks)]
        bad = [b for b in range(self._blocks) if found[b] != geometry.magic_of_block(b, self._blocks)]
        if geometry.magic_shares_entry:
            bad = [b for b in bad if not self._last_page_is(b, found[b])]
        if not bad:
            return
        if geometry.magic_length:
            lengths = Counter(geometry.blocks_of_magic(b, found[b]) for b in range(self._blocks))
            made_for, votes = lengths.most_common(1)[0]
            believable = votes > 1 or (self._blocks == 1 and self._first_block_is_consistent())
            if made_for != self._blocks and believable and votes * 2 > self._blocks:
                self._found(
                    DamageKind.IMAGE_LENGTH,
                    f"the magic says {made_for:,} blocks ({made_for * geometry.block_size:,} bytes), "
                    f"there are {self._blocks:,} ({self._blocks * geometry.block_size:,} bytes)",
                )
                bad = [b for b in bad if geometry.blocks_of_magic(b, found[b]) != made_for]
        if len(bad) * 2 > self._blocks:
            self._found(
                DamageKind.BAD_MAGIC,
                f"{len(bad):,} of {self._blocks:,} blocks have another magic or none: "
                "not SPIFFS, or of another page size or magic option",
            )
            return
        for block in bad:
            self._found(
                DamageKind.BAD_MAGIC,
                f"block {block} at 0x{block * geometry.block_size:x} has 0x{found[block]:04x} "
                f"instead of 0x{geometry.magic_of_block(block, self._blocks):04x}",
            )

    def _first_block_is_consistent(self) -> bool:
        """Whether each page that the first block lists says the same of itself, as hardly any other bytes do."""
        for page in self._geometry.object_pages(1):
            (listed,) = self._unpack("H", self._geometry.lookup_offset(page))
            if listed not in (FREE_ID, DELETED_ID) and self._page_header(page)[0] != listed:
                return False
        return True

    def _last_page_is(self, block: int, object_id: int) -> bool:
        return self._page_header((block + 1) * self._geometry.pages_per_block - 1)[0] == object_id

    def _is_magic(self, page: int, listed: int) -> bool:
        """Whether a lookup entry is none, because the magic has its place."""
        block, position = divmod(page, self._geometry.pages_per_block)
        return (
            self._geometry.magic
            and self._geometry.magic_shares_entry
            and position == self._geometry.pages_per_block - 1
            and listed == self._geometry.magic_of_block(block, self._blocks)
            and not self._last_page_is(block, listed)
        )

    def _scan_lookup_tables(self) -> None:
        for page in self._geometry.object_pages(self._blocks):
            (listed,) = self._unpack("H", self._geometry.lookup_offset(page))
            if listed == FREE_ID or self._is_magic(page, listed):
                continue
            if listed == DELETED_ID:
                self._deleted += 1
                continue
            self._used += 1
            self._take_page(page, listed)

    def _take_page(self, page: int, listed: int) -> None:
        object_id, span, flags = self._page_header(page)
        is_index = bool(listed & INDEX_FLAG)
        wrong = None
        if object_id != listed:
            wrong = f"says object 0x{object_id:04x}"
        elif flags & _FLAG_USED or flags & _FLAG_FINAL:
            wrong = "is not completely written"
        elif not flags & _FLAG_DELETED:
            wrong = "is deleted"
        elif is_index == bool(flags & _FLAG_INDEX):
            wrong = f"says {'data' if is_index else 'index'}"
        if wrong:
            kind = "index" if is_index else "data"
            self._found(
                DamageKind.BAD_PAGE,
                f"page {page} at 0x{page * self._geometry.page_size:x} {wrong}; "
                f"the lookup table lists {kind} of object 0x{listed:04x}",
            )
            return
        pages = self._objects.setdefault(listed & ~INDEX_FLAG, _Pages())
        spans = pages.index if is_index else pages.data
        if span in spans:
            self._found(
                DamageKind.DUPLICATE,
                f"pages {spans[span]} and {page} are both part {span} of object 0x{listed:04x}",
            )
            return
        spans[span] = page

    def _files(self) -> Iterator[StoredFile]:
        headers = []
        for object_id, pages in self._objects.items():
            if 0 in pages.index:
                headers.append((pages.index[0], object_id))
            else:
                count = len(pages.index) + len(pages.data)
                self._found(
                    DamageKind.MISSING_PAGE,
                    f"{count} pages of object 0x{object_id:04x} are there, but not the one with the file's name",
                )
        for page, object_id in sorted(headers):
            if self._page_header(page)[2] & _FLAG_HEADER_DELETED:
                yield self._file(page, object_id)

    def _file(self, page: int, object_id: int) -> StoredFile:
        geometry = self._geometry
        header = page * geometry.page_size + INDEX_HEADER_BYTES
        size, kind = self._unpack("IB", header)
        raw_name = self._image[header + SIZE_AND_TYPE_BYTES :][: geometry.name_length].split(b"\0")[0]
        name = raw_name.decode(errors="backslashreplace")
        if not raw_name.startswith(b"/") or len(raw_name) < 2 or not name.isprintable() or not _is_utf8(raw_name):
            self._found(DamageKind.BAD_HEADER, f"object 0x{object_id:04x} has the name {name!r}")
        if kind != 1:
            self._found(DamageKind.BAD_HEADER, f"is of type {kind}, not a file (1)", name)
        if size == _UNDEFINED_SIZE:  # opened for writing and never given a length: SPIFFS reads it as empty
            size = 0
        return StoredFile(name, size, object_id, self._content(name, size, object_id))

    def _content(self, name: str, size: int, object_id: int) -> bytes | None:
        geometry = self._geometry
        pages = self._objects[object_id]
        needed = -(-size // geometry.data_capacity)
        table = self._table(pages.index)
        listed = {span for span, page in table.items() if page != _NO_PAGE}
        surplus = sum(span >= needed for span in listed)
        if surplus:
            self._found(DamageKind.FILE_LENGTH, f"has {size:,} bytes, and {surplus} pages more than they need", name)
        spans_of_index = 1 + -(-max(0, needed - geometry.head_capacity) // geometry.index_capacity)
        missing_index = spans_of_index - sum(span < spans_of_index for span in pages.index)
        if missing_index:
            self._found(
                DamageKind.MISSING_PAGE, f"{missing_index:,} of {spans_of_index:,} index pages are missing", name
            )
            return None
        unlisted = needed - (len(listed) - surplus)
        if unlisted:
            self._found(
                DamageKind.FILE_LENGTH,
                f"has {size:,} bytes, but no page is listed for {unlisted:,} parts",
                name,
            )
            return None
        lost = [span for span in range(needed) if pages.data.get(span) != table[span]]
        if lost:
            first = table[lost[0]]
            self._found(
                DamageKind.MISSING_PAGE,
                f"{len(lost):,} of {needed:,} data pages are missing, the first is part {lost[0]}: page {first} "
                f"at 0x{first * geometry.page_size:x} is not it",
                name,
            )
            return None
        parts = []
        for span in range(needed):
            start = table[span] * geometry.page_size + PAGE_HEADER_BYTES
            parts.append(self._image[start : start + geometry.data_capacity])
        return b"".join(parts)[:size]

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


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True

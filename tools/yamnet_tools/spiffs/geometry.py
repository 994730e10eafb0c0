# SPDX-License-Identifier: Apache-2.0
"""The sizes that fix where everything in a SPIFFS image lies."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from yamnet_tools.errors import SpiffsError

ID_BYTES = 2
"""Bytes of an object id, a span index and a page index: ESP-IDF's spiffs_config.h fixes all of them at 16 bits."""

PAGE_HEADER_BYTES = 5
"""Object id, span index and flags at the start of every object page, packed."""

INDEX_HEADER_BYTES = 8
"""The page header padded to 4 bytes, as it precedes the table of an object index page."""

SIZE_AND_TYPE_BYTES = 5
"""File size (uint32) and object type (uint8) in a file's first index page."""

INDEX_FLAG = 0x8000
"""The bit of an object id that marks an object index page."""

FREE_ID = 0xFFFF
DELETED_ID = 0x0000

MAX_PAGES = 0x10000
MAX_FILES = INDEX_FLAG - 1

_MAGIC = 0x20140529
_ESP_IDF_BLOCK_SIZE = 4096
_ESP_IDF_PAGE_SIZES = (256, 512, 1024)
_ESP_IDF_MAX_PAGES = 0xFFFF
_ESP_IDF_PAGE_RESERVE = 64  # SPIFFS_PAGE_EXTRA_SIZE in ESP-IDF's spiffs_config.h


@dataclass(frozen=True)
class Geometry:
    """Sizes in bytes; the defaults are ESP-IDF's.

    Attributes:
        page_size: CONFIG_SPIFFS_PAGE_SIZE; a power of two.
        block_size: the flash's erase sector in ESP-IDF; a multiple of page_size.
        name_length: CONFIG_SPIFFS_OBJ_NAME_LEN; the field that holds a name, its terminating zero included.
        metadata_length: CONFIG_SPIFFS_META_LENGTH.
        magic: CONFIG_SPIFFS_USE_MAGIC.
        magic_length: CONFIG_SPIFFS_USE_MAGIC_LENGTH; the magic depends on the number of blocks.
        aligned_tables: SPIFFS_ALIGNED_OBJECT_INDEX_TABLES.
        byte_order: that of the CPU which reads the image.

    Raises:
        SpiffsError: no image can have these sizes.
    """

    page_size: int = 256
    block_size: int = 4096
    name_length: int = 32
    metadata_length: int = 4
    magic: bool = True
    magic_length: bool = True
    aligned_tables: bool = False
    byte_order: Literal["little", "big"] = "little"

    def __post_init__(self) -> None:
        if self.page_size < 1 or self.page_size & (self.page_size - 1) or self.page_size >= MAX_PAGES:
            raise SpiffsError(f"SPIFFS page size {self.page_size} must be a power of two below {MAX_PAGES:,}")
        if self.block_size < 1 or self.block_size % self.page_size:
            raise SpiffsError(
                f"SPIFFS block size {self.block_size} must be a multiple of the page size, {self.page_size}"
            )
        if self.name_length < 2 or self.metadata_length < 0:
            raise SpiffsError(
                f"SPIFFS name length {self.name_length} must be at least 2, "
                f"metadata length {self.metadata_length} at least 0"
            )
        if self.table_offset > self.page_size or self.index_capacity < 1:
            raise SpiffsError(
                f"SPIFFS pages of {self.page_size} bytes cannot hold a file header of {self.table_offset} bytes: "
                "use larger pages, or shorter names and metadata"
            )
        if self.object_pages_per_block < 1:
            raise SpiffsError(
                f"SPIFFS blocks of {self.block_size} bytes have no room "
                f"beside their lookup pages of {self.page_size} bytes"
            )
        if self.magic and self.object_pages_per_block > self.lookup_pages * self.page_size // ID_BYTES - 2:
            raise SpiffsError(
                f"SPIFFS blocks of {self.block_size} bytes in pages of {self.page_size} have no room for a magic: "
                "use smaller blocks, or no magic"
            )

    @property
    def pages_per_block(self) -> int:
        """Pages in a block, lookup pages included."""
        return self.block_size // self.page_size

    @cached_property
    def lookup_pages(self) -> int:
        """Pages at a block's start that list the object id of each other page."""
        return -(-self.pages_per_block * ID_BYTES // self.page_size)

    @property
    def object_pages_per_block(self) -> int:
        """Pages in a block that can hold a file's index or data."""
        return self.pages_per_block - self.lookup_pages

    @property
    def data_capacity(self) -> int:
        """Bytes of a file in one data page."""
        return self.page_size - PAGE_HEADER_BYTES

    @cached_property
    def table_offset(self) -> int:
        """Where the table of data pages starts in a file's first index page."""
        unaligned = INDEX_HEADER_BYTES + SIZE_AND_TYPE_BYTES + self.name_length + self.metadata_length
        return -(-unaligned // ID_BYTES) * ID_BYTES if self.aligned_tables else unaligned

    @property
    def head_capacity(self) -> int:
        """Data pages that a file's first index page can list."""
        return (self.page_size - self.table_offset) // ID_BYTES

    @property
    def index_capacity(self) -> int:
        """Data pages that a further index page can list."""
        return (self.page_size - INDEX_HEADER_BYTES) // ID_BYTES

    def blocks(self, image_size: int) -> int:
        """Blocks in an image of so many bytes.

        Raises:
            SpiffsError: it is no whole number of them, or more pages than 16 bits can count.
        """
        if image_size <= 0 or image_size % self.block_size:
            raise SpiffsError(
                f"a SPIFFS image of {image_size:,} bytes is not a whole number of blocks of {self.block_size:,} bytes"
            )
        if image_size // self.page_size > MAX_PAGES:
            raise SpiffsError(
                f"a SPIFFS image of {image_size:,} bytes has more than {MAX_PAGES:,} pages of {self.page_size} bytes: "
                "use larger pages"
            )
        return image_size // self.block_size

    def magic_of_block(self, block: int, blocks: int) -> int:
        """The 16-bit magic of a block in an image of `blocks` (SPIFFS_MAGIC in spiffs_nucleus.h)."""
        magic = _MAGIC ^ self.page_size
        if self.magic_length:
            magic ^= blocks - block
        return magic & 0xFFFF

    def blocks_of_magic(self, block: int, magic: int) -> int:
        """How many blocks the image has that a block with this magic belongs to; only with magic_length."""
        return ((_MAGIC ^ self.page_size ^ magic) & 0xFFFF) + block

    def magic_offset(self, block: int) -> int:
        """Where a block's magic lies: the last but one entry of its last lookup page."""
        return block * self.block_size + self.lookup_pages * self.page_size - 2 * ID_BYTES

    def object_pages(self, blocks: int) -> Iterator[int]:
        """All pages that can hold a file's index or data, by page index, in order."""
        for block in range(blocks):
            first = block * self.pages_per_block
            yield from range(first + self.lookup_pages, first + self.pages_per_block)

    def lookup_offset(self, page: int) -> int:
        """Where the lookup entry of an object page lies in the image."""
        block, position = divmod(page, self.pages_per_block)
        return block * self.block_size + (position - self.lookup_pages) * ID_BYTES

    def pages_for_file(self, size: int) -> int:
        """Pages that a file of `size` bytes takes, index pages included."""
        data = -(-size // self.data_capacity)
        further = max(0, data - self.head_capacity)
        return 1 + -(-further // self.index_capacity) + data

    def device_problems(self, image_size: int) -> list[str]:
        """Why ESP-IDF's SPIFFS could not mount such an image; empty when it could."""
        problems = []
        if self.block_size != _ESP_IDF_BLOCK_SIZE:
            problems.append(f"ESP-IDF's blocks are flash sectors of {_ESP_IDF_BLOCK_SIZE} bytes, not {self.block_size}")
        if self.page_size not in _ESP_IDF_PAGE_SIZES:
            problems.append(f"ESP-IDF's pages are of 256, 512 or 1024 bytes, not {self.page_size}")
        if self.name_length + self.metadata_length + _ESP_IDF_PAGE_RESERVE > self.page_size:
            problems.append(
                f"ESP-IDF wants {_ESP_IDF_PAGE_RESERVE} bytes of a page free beside name and metadata "
                f"({self.name_length} + {self.metadata_length} of {self.page_size})"
            )
        if image_size // self.page_size > _ESP_IDF_MAX_PAGES:
            problems.append(f"ESP-IDF mounts at most {_ESP_IDF_MAX_PAGES:,} pages")
        if max(1, self.pages_per_block * ID_BYTES // self.page_size) != self.lookup_pages:
            problems.append("SPIFFS counts the lookup pages of such a block differently from spiffsgen.py")
        if self.aligned_tables or self.byte_order != "little":
            problems.append("the ESP32-S3 reads little-endian images without aligned tables")
        return problems

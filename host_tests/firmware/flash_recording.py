# SPDX-License-Identifier: Apache-2.0
"""What a program in QEMU does to its flash, erase by erase and page by page, and what power cuts would leave of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

PAGE_BYTES = 256
_ERASED = re.compile(r"m25p80_flash_erase .*offset = 0x([0-9a-f]+), len = (\d+)")
_PROGRAMMED = re.compile(r"m25p80_page_program .*cur_addr=0x([0-9a-f]+) data=0x([0-9a-f]+)")


def recording(log: Path) -> list[str]:
    """QEMU's arguments to have its flash chip write to `log` what is done to it."""
    return ["-trace", "m25p80_flash_erase", "-trace", "m25p80_page_program", "-D", str(log)]


@dataclass(frozen=True)
class Change:
    """An erase (0xff everywhere), or what is programmed into a page, of which only 0 bits are set."""

    offset: int
    content: Bytes
    erases: bool

    def apply(self, image: Bytes, undone: Bytes | None = None) -> None:
        """Change an image in place; but for the bits of `undone`, which a cut left as they were."""
        before = image[self.offset : self.offset + len(self.content)]
        after = self.content if self.erases else before & self.content
        image[self.offset : self.offset + len(self.content)] = (
            after if undone is None else after & ~undone | before & undone
        )

    def cuts(self, random: np.random.Generator) -> Iterator[Bytes]:
        """Bits that a cut may leave undone: all from a bit on, those before it, and any."""
        size = len(self.content)
        byte = int(random.integers(size))
        later = np.zeros(size, np.uint8)
        later[byte] = 0xFF >> random.integers(1, 9)
        later[byte + 1 :] = 0xFF
        yield later
        yield ~later
        yield random.integers(256, size=size, dtype=np.uint8)


def changes(log: Path, first: int, size: int) -> list[Change]:
    """All changes of the partition at `first`, in order; offsets are the partition's."""
    found: list[Change] = []
    page: list[int] = []
    page_at = 0

    def end_page() -> None:
        if page and first <= page_at < first + size:
            found.append(Change(page_at - first, np.array(page, np.uint8), erases=False))
        page.clear()

    with log.open() as lines:
        for line in lines:
            if match := _PROGRAMMED.search(line):
                at = int(match[1], 16)
                if at != page_at + len(page) or at % PAGE_BYTES == 0:
                    end_page()
                    page_at = at
                page.append(int(match[2], 16))
            elif match := _ERASED.search(line):
                end_page()
                at, length = int(match[1], 16), int(match[2])
                if first <= at < first + size:
                    found.append(Change(at - first, np.full(length, 0xFF, np.uint8), erases=True))
    end_page()
    return found

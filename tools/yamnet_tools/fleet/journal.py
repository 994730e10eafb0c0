# SPDX-License-Identifier: Apache-2.0
"""A device's journal in a file: `journal.jsonl`, oldest line first, each as the device wrote it (docs/events.md).

The device gives pages, newest first. They wait in `.journal.part`, one JSON object a line, until one reaches what the
file has; then all are put behind it. A pull that breaks goes on after the last page that came.
"""

import json
import re
import zlib
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from yamnet_tools.device.answers import require
from yamnet_tools.device.http_line import HttpLine, HttpRefusedError
from yamnet_tools.errors import DeviceError
from yamnet_tools.files import replacing

_NAME = "journal.jsonl"
_PART = ".journal.part"
_PAGE = 100
_NEWEST = ""
_EVENTS = '"events":['
_CRC = re.compile(r',"crc":"([0-9a-f]{8})"\}$')
_PAGE_SHAPE: dict[str, Any] = {"events": [{"id": str, "kind": str}], "next?": str}


@dataclass(frozen=True)
class _Page:
    """Lines, newest first, and the cursor to go on with; None at the journal's end."""

    lines: list[str]
    next: str | None


def pull_journal(line: HttpLine, folder: Path) -> int:
    """Add to the file what it does not have; returns how many lines.

    Raises:
        DeviceError: the device is away, or a line is not what it wrote. The file stays as it is, and the next call goes
            on with what has come.
    """
    folder.mkdir(parents=True, exist_ok=True)
    gone_on = _descend(line, folder) if (folder / _PART).exists() else 0
    return gone_on + _descend(line, folder)


def _descend(line: HttpLine, folder: Path) -> int:
    """Read pages down to what the file has, and put them behind it."""
    path, part = folder / _NAME, folder / _PART
    old = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    known = {_key(text) for text in old}
    pages = _read_part(part)
    cursor = pages[-1].next if pages else _NEWEST
    while cursor is not None and not (pages and known & {_key(text) for text in pages[-1].lines}):
        try:
            page = _fetch(line, cursor)
        except HttpRefusedError as error:
            if cursor == _NEWEST or error.status == HTTPStatus.CONFLICT:
                raise
            part.unlink()  # the device has started anew, or uses another volume: what its cursors meant is gone
            return 0
        with part.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(page)) + "\n")
        pages.append(page)
        cursor = page.next
    texts = dict.fromkeys(text for page in reversed(pages) for text in reversed(page.lines))
    new = [text for text in texts if _key(text) not in known]
    if new:
        with replacing(path) as temporary:
            temporary.write_text("".join(f"{text}\n" for text in [*old, *new]), encoding="utf-8")
    part.unlink(missing_ok=True)
    return len(new)


def _fetch(line: HttpLine, cursor: str) -> _Page:
    answer, header = line.ask("GET", f"events?limit={_PAGE}" + (f"&before={cursor}" if cursor else ""))
    page = line.parse(answer, header)
    require(page, _PAGE_SHAPE, "events")
    return _Page([_checked(text) for text in _elements(answer.decode())], page["next"])


def _elements(page: str) -> list[str]:
    """The texts of a page's lines, as they came."""
    decoder, texts = json.JSONDecoder(), []
    at = page.index(_EVENTS) + len(_EVENTS)
    while page[at] != "]":
        end = decoder.raw_decode(page, at)[1]
        texts.append(page[at:end])
        at = end + (page[end] == ",")
    return texts


def _checked(text: str) -> str:
    seal = _CRC.search(text)
    if seal is None or zlib.crc32(text[: seal.start()].encode()) != int(seal[1], 16):
        raise DeviceError(f"a line of the journal is not what the device wrote: {text[:60]!r}…; try again")
    return text


def _key(text: str) -> tuple[str, str]:
    fields = json.loads(text)
    return fields["id"], fields["kind"]


def _read_part(part: Path) -> list[_Page]:
    """The pages that have come; the last may be torn."""
    pages: list[_Page] = []
    for text in part.read_text(encoding="utf-8").splitlines() if part.exists() else []:
        try:
            pages.append(_Page(**json.loads(text)))
        except ValueError:
            break
    return pages

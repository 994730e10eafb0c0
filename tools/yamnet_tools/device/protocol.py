# SPDX-License-Identifier: Apache-2.0
"""Requests to lines, lines to answers: docs/serial-protocol.md without any line to send them over."""

import base64
import binascii
import json
import zlib
from dataclasses import dataclass
from typing import Any

from yamnet_tools.errors import DeviceError

MAX_LINE_BYTES = 12_288
MAX_ID = 999_999_999

_OK = b"@ok "
_ERR = b"@err "


class DamagedAnswerError(Exception):
    """A line that was an answer once, or has another CRC32 than it carries: worth asking again."""


@dataclass(frozen=True)
class Answer:
    """One answer: `fields` without the id; `error` is the code of an `@err`, None for `@ok`."""

    id: int | None
    error: str | None
    fields: dict[str, Any]

    @property
    def message(self) -> str:
        """The device's words, of an `@err`."""
        return str(self.fields.get("message", ""))


def request_line(command: str, arguments: tuple[str, ...], request_id: int) -> bytes:
    """A request with its line end.

    Raises:
        ValueError: it is longer than a device takes, or a word has white space in it.
    """
    words = [f"@{command}", f"id={request_id}", *arguments]
    if any(not word or not word.isascii() or not word.isprintable() or " " in word for word in words):
        raise ValueError(f"a word of the request @{command} is empty or holds what a line cannot carry")
    line = " ".join(words).encode()
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"the request @{command} has {len(line):,} bytes, a line at most {MAX_LINE_BYTES:,}")
    return line + b"\n"


def byte_words(data: bytes) -> tuple[str, str]:
    """Bytes as the two words they travel as."""
    return f"{zlib.crc32(data):08x}", base64.b64encode(data).decode()


def parse_bytes(field: object) -> bytes:
    """The bytes of an answer's `{"crc32", "base64"}`.

    Raises:
        DamagedAnswerError: they are not bytes, or not those of the CRC32.
    """
    if not isinstance(field, dict) or not isinstance(field.get("base64"), str):
        raise DamagedAnswerError("an answer's bytes are not there")
    try:
        data = base64.b64decode(field["base64"], validate=True)
    except (binascii.Error, ValueError):
        raise DamagedAnswerError("an answer's bytes are not base64") from None
    if f"{zlib.crc32(data):08x}" != field.get("crc32"):
        raise DamagedAnswerError("an answer's bytes do not have its CRC32")
    return data


def is_answer(line: bytes) -> bool:
    """Whether a line is an answer, whole or not; all others are log lines."""
    return line.startswith((_OK, _ERR))


def parse_answer(line: bytes) -> Answer:
    """Take an answer line apart.

    Raises:
        DamagedAnswerError: it has another CRC32 than it carries, or is not an answer's.
        DeviceError: it is an answer of an older firmware, which has no CRC32.
    """
    is_error = line.startswith(_ERR)
    words = line[len(_ERR if is_error else _OK) :]
    crc, _, text = words.partition(b" ")
    if f"{zlib.crc32(text):08x}".encode() != crc:
        if isinstance(_json(words), dict):
            raise DeviceError(
                "the device's firmware is older than these tools: its answers carry no CRC32, so that damage would be "
                "believed; flash the firmware of this checkout: idf.py flash"
            )
        raise DamagedAnswerError("an answer does not have its CRC32")
    fields = _json(text)
    if not isinstance(fields, dict):
        raise DamagedAnswerError("an answer is not a JSON object")
    request_id = fields.pop("id", None)
    if request_id is not None and type(request_id) is not int:
        raise DamagedAnswerError("an answer's id is no number")
    code = fields.get("code") if is_error else None
    if is_error and not isinstance(code, str):
        raise DamagedAnswerError("an error has no code")
    return Answer(request_id, code, fields)


def _json(text: bytes) -> object:
    """The value that a text stands for; None if it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None

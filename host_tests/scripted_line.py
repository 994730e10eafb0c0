# SPDX-License-Identifier: Apache-2.0
"""A serial line at whose other end is a script: what it answers to the first request, to the second, and so on."""

import base64
import json
import re
import time
import zlib
from collections.abc import Callable
from typing import Any

Reply = Callable[[str], list[bytes]]


class ScriptedLine:
    """Answers each request with what a function makes of its id; requests are kept."""

    def __init__(self, *replies: Reply) -> None:
        self.requests: list[str] = []
        self._replies = list(replies)
        self._out: list[bytes] = []

    def write(self, data: bytes) -> None:
        for line in data.decode().splitlines():
            if not line:
                continue
            self.requests.append(line)
            found = re.search(r"id=(\d+)", line)
            assert found
            self._out += self._replies.pop(0)(found[1]) if self._replies else []

    def read(self, timeout_s: float) -> bytes:
        if not self._out:
            time.sleep(timeout_s)
        return self._out.pop(0) if self._out else b""

    def close(self) -> None:
        pass

    def revive(self) -> None:
        pass


def answer_line(kind: str, text: bytes) -> bytes:
    """An answer as a device writes it, without its line end."""
    return f"{kind} {zlib.crc32(text):08x} ".encode() + text


def ok(**fields: Any) -> Reply:
    return lambda number: [answer_line("@ok", json.dumps({"id": int(number), **fields}).encode()) + b"\r\n"]


def err(code: str, *, with_id: bool = True) -> Reply:
    def reply(number: str) -> list[bytes]:
        fields = ({"id": int(number)} if with_id else {}) | {"code": code, "message": "because"}
        return [answer_line("@err", json.dumps(fields).encode()) + b"\n"]

    return reply


def raw(*lines: bytes) -> Reply:
    return lambda _: list(lines)


def carried(data: bytes) -> dict[str, str]:
    return {"crc32": f"{zlib.crc32(data):08x}", "base64": base64.b64encode(data).decode()}

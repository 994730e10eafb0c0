# SPDX-License-Identifier: Apache-2.0
"""Improv Wi-Fi by the serial line (https://www.improv-wifi.com/serial/, version 1), from the side that asks."""

import time
from collections.abc import Iterator

from yamnet_tools.device.line import Line
from yamnet_tools.errors import DeviceError

_MAGIC = b"IMPROV\x01"
_ERROR, _COMMAND, _RESULT = 2, 3, 4
_JOIN, _SCAN = 1, 4
_JOIN_S = 40.0
_SCAN_S = 20.0
_ERRORS = {
    1: "it does not understand this",
    2: "it has no Wi-Fi",
    3: "the network cannot be joined; the log says why",
}


class ImprovClient:
    """Names a device its network.

    Args:
        line: to the device; other things may come in there, too.
    """

    def __init__(self, line: Line) -> None:
        self._line = line

    def scan(self) -> list[tuple[str, int, bool]]:
        """Networks in reach: name, dBm, and whether they want a password.

        Raises:
            DeviceError: no answer, or the device has no Wi-Fi.
        """
        found: list[tuple[str, int, bool]] = []
        for strings in self._ask(_SCAN, b"", _SCAN_S):
            if not strings:
                return found
            name, rssi, secure = strings
            found.append((name, int(rssi), secure != "NO"))
        return found

    def join(self, ssid: str, password: str) -> str:
        """Let the device try a network and know it if that works; returns where its page is then, or "".

        Raises:
            DeviceError: no answer, the device has no Wi-Fi, or the network cannot be joined.
        """
        data = b"".join(bytes([len(text)]) + text for text in (ssid.encode(), password.encode()))
        return next(self._ask(_JOIN, data, _JOIN_S))[0]

    def _ask(self, command: int, data: bytes, timeout_s: float) -> Iterator[list[str]]:
        packet = _MAGIC + bytes([_COMMAND, len(data) + 2, command, len(data)]) + data
        self._line.write(b"\n" + packet + bytes([sum(packet) & 0xFF]) + b"\n")
        for kind, content in self._packets(time.monotonic() + timeout_s):
            if kind == _ERROR and content[0]:
                raise DeviceError(_ERRORS.get(content[0], f"the device says error {content[0]}"))
            if kind == _RESULT and content[0] == command:
                yield _strings(content[2:])
        raise DeviceError(f"no answer within {timeout_s:g} s; is this firmware one with Wi-Fi?")

    def _packets(self, deadline: float) -> Iterator[tuple[int, bytes]]:
        """Packets in what comes in, until the time is up."""
        buffer = b""
        while (left := deadline - time.monotonic()) > 0:
            buffer = buffer[max(0, buffer.find(_MAGIC)) :] if _MAGIC in buffer else buffer[-len(_MAGIC) :]
            head = len(_MAGIC) + 2
            whole = len(buffer) >= head and buffer.startswith(_MAGIC) and len(buffer) > head + buffer[head - 1]
            if not whole:
                buffer += self._line.read(left)
                continue
            end = head + buffer[head - 1]
            packet, buffer = buffer[: end + 1], buffer[end + 1 :]
            if sum(packet[:-1]) & 0xFF == packet[-1]:
                yield packet[head - 2], packet[head:-1]


def _strings(data: bytes) -> list[str]:
    strings = []
    while data:
        strings.append(data[1 : 1 + data[0]].decode(errors="replace"))
        data = data[1 + data[0] :]
    return strings

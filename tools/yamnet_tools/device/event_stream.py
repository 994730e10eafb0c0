# SPDX-License-Identifier: Apache-2.0
"""Server-sent events of a device, for as long as somebody wants them: what ends is opened again."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from yamnet_tools.device.http_line import HttpLine, HttpRefusedError, HttpStream
from yamnet_tools.errors import DeviceError

_LONGEST_LINE_BYTES = 1 << 16
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 5.0
_JOIN_S = 1.0

_MAY_PASS = frozenset({HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass(frozen=True)
class ServerEvent:
    """One event: its name, its id ("" for none) and its fields."""

    name: str
    id: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class Away:
    """The stream broke, for this reason; it is being opened again."""

    reason: str


@dataclass(frozen=True)
class Back:
    """The stream is open again."""


class EventStream:
    """Reads a stream of events in a thread until it is closed.

    Args:
        line: to the device.
        path: of the stream, below `/api/v1/`.
        put: takes what comes, in that thread: events, what becomes of the stream, and last the error that ended it.
        silence_s: how long nothing may come; the device sends signs of life.
        last_id: the last event that has been seen; those since then come first.
    """

    def __init__(
        self,
        line: HttpLine,
        path: str,
        put: Callable[["EventStream", ServerEvent | Away | Back | DeviceError], None],
        *,
        silence_s: float,
        last_id: str = "",
    ) -> None:
        self._line = line
        self._path = path
        self._put = put
        self._silence_s = silence_s
        self._last_id = last_id
        self._open: HttpStream | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hang up."""
        self._closed.set()
        if self._open is not None:
            self._open.hang_up()
        self._thread.join(_JOIN_S)

    def _run(self) -> None:
        away = False
        pause_s = _FIRST_PAUSE_S
        while not self._closed.is_set():
            try:
                for event in self._events():
                    if self._closed.is_set():
                        return
                    if away:
                        self._put(self, Back())
                    away, pause_s = False, _FIRST_PAUSE_S
                    if event is not None:
                        self._last_id = event.id or self._last_id
                        self._put(self, event)
                reason = f"{self._line}: the device ended the connection"
            except HttpRefusedError as error:
                if error.status not in _MAY_PASS:
                    self._put(self, error)
                    return
                reason = str(error)
            except DeviceError as error:
                reason = str(error)
            if not away and not self._closed.is_set():
                self._put(self, Away(reason))
            away = True
            self._closed.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _events(self) -> Iterator[ServerEvent | None]:
        """Events of one connection; None first, when it is open."""
        wish = {"Last-Event-ID": self._last_id} if self._last_id else {}
        with self._line.open(self._path, "text/event-stream", wish, self._silence_s) as stream:
            self._open = stream
            try:
                yield None
                yield from _parse(iter(lambda: stream.read_line(_LONGEST_LINE_BYTES), b""))
            finally:
                self._open = None


def _parse(lines: Iterator[bytes]) -> Iterator[ServerEvent]:
    """Events of a text/event-stream (the WHATWG's HTML standard, section 9.2), of those that have an object as data."""
    name = event_id = data = ""
    for line in lines:
        if len(line) == _LONGEST_LINE_BYTES:
            raise DeviceError("a line of the stream has no end; is this a YAMNet device?")
        field, _, value = line.decode(errors="replace").rstrip("\r\n").partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "id":
            event_id = value
        elif field == "data":
            data += value
        elif not field and not value and data:
            yield ServerEvent(name, event_id, _object(data))
            name = event_id = data = ""


def _object(data: str) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise DeviceError("an event of the stream is no JSON object; the connection is opened anew")
    return value

# SPDX-License-Identifier: Apache-2.0
"""A device behind its HTTP API (components/device_api/openapi.json): what the console's client gives, and clips."""

import contextlib
import json
import queue
import time
from collections.abc import Iterator
from typing import Any, Self
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.device.answers import Clock, Events, Info, Rules, RuleState, require
from yamnet_tools.device.clips import Clips
from yamnet_tools.device.event_stream import Away, Back, EventStream, ServerEvent
from yamnet_tools.device.heard import Heard, Told
from yamnet_tools.device.http_line import HttpLine
from yamnet_tools.device.network import HttpNetwork
from yamnet_tools.device.restart import READY_S, restart
from yamnet_tools.errors import DeviceError
from yamnet_tools.updating.send import Updater

_LATEST = 12  # as the console has it
_TOP = 3  # as the log has it
_SCORES_SILENCE_S = 5.0  # the device gives a sign of life every 2 s
_EVENTS_SILENCE_S = 40.0  # and here every 15 s
_PAUSE_S = 0.3
_WAV_HEADER_BYTES = 44
_PIECE_BYTES = 8192
_BEFORE_ALL = "none"  # no event has this id: all that come are new

_STATES_SHAPE: dict[str, Any] = {
    "source": str,
    "rules": [{"name": str, "running?": {"name": str, "title": str, "priority": int, "state": str}}],
}
_JOURNAL_SHAPE: dict[str, Any] = {"events": [{"id": str, "kind": str}]}
_STATE_SHAPE: dict[str, Any] = {"muted": bool, "listening": bool}


class HttpDevice:
    """A device in the network."""

    trouble = ""
    """What the line went through: a request here is answered, or it is an error."""

    def __init__(self, line: HttpLine) -> None:
        self.clips = Clips(line)
        self.updater = Updater(line)
        self._line = line

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to let go of: each request has a connection of its own."""

    def info(self) -> Info:
        """What runs there, and how it is.

        Raises:
            DeviceError: no answer, or not one.
        """
        return self._info_within(self._line.timeout_s)

    def clock(self) -> Clock:
        """The device's clock.

        Raises:
            DeviceError: no answer.
        """
        return Clock.parse(self._line.ask_json("GET", "clock"))

    def set_time_zone(self, name: str) -> Clock:
        """Set the zone, of the IANA database, in which quiet hours are; kept over restarts.

        Raises:
            DeviceError: no answer, or there is no such zone.
        """
        wanted = {"time_zone": name, "time_server": self.clock().time_server}
        return Clock.parse(self._line.ask_json("PUT", "clock", json.dumps(wanted).encode()))

    def network(self) -> dict[str, Any]:
        """How it is connected, and which networks it knows.

        Raises:
            DeviceError: no answer.
        """
        return HttpNetwork(self._line).show()

    def scan_networks(self) -> list[tuple[str, int, bool]]:
        """Networks in reach: name, dBm, and whether they want a password.

        Raises:
            DeviceError: no answer, or the device has no Wi-Fi.
        """
        return HttpNetwork(self._line).scan()

    def join_network(self, ssid: str, password: str) -> str:
        """Let it try a network and know it if that works; returns where it is then.

        Raises:
            DeviceError: no answer, it cannot be joined, or the device has no Wi-Fi.
        """
        return HttpNetwork(self._line).join(ssid, password)

    def owner_token(self) -> None:
        """HTTP does not tell it."""

    def rules(self) -> Rules:
        """The event rules that run, how each stands, and which are switched off.

        Raises:
            DeviceError: no answer, or the device has none.
        """
        source, running, off = self._rule_states()
        return Rules(source, len(self._document()[0]), running, None, off)

    def rule_document(self) -> str:
        """The rules that run, as the document they were read from (docs/rules.md).

        Raises:
            DeviceError: no answer, or the device has none.
        """
        return self._document()[0].decode()

    def set_rules(self, document: bytes) -> int:
        """Let the device run and store a rule document; returns how many rules it has.

        Raises:
            DeviceError: no answer, the device refused the document, or somebody else has just set another one: what ran
                before still runs.
        """
        _, tag = self._document()
        return self._count(self._line.ask_json("PUT", "rules", document, {"If-Match": tag}))

    def set_preset_rules(self) -> int:
        """Let the device forget stored rules and run those it was shipped with; returns how many.

        Raises:
            DeviceError: no answer, or the device has none.
        """
        return self._count(self._line.ask_json("POST", "rules/presets"))

    def events(self) -> Events:
        """What goes on, and the latest events.

        Raises:
            DeviceError: no answer, or the device has no event rules.
        """
        _, running, _ = self._rule_states()
        fields = self.info().fields
        storage = fields.get("storage") or {}
        watch = fields.get("events") or {}
        levels = {name: watch.get(name) for name in ("level_dbfs", "floor_dbfs", "floor_known", "events")}
        latest = self._journal(_LATEST)[::-1] if storage else []
        active = [vars(rule) for rule in running if rule.state != "idle"]
        return Events.parse(levels | {"active": active, "next": None, "latest": latest, "storage": storage})

    def format_storage(self, volume: str) -> None:
        """Let the device clear a volume that holds something else than events.

        Raises:
            DeviceError: no answer, or the volume needs no format or may not be formatted.
        """
        self._line.ask("POST", f"storage/{quote(volume, safe='')}/format")

    def sound(self, seconds: float) -> npt.NDArray[np.int16]:
        """What its microphone hears in the next seconds: int16 [n], 16 kHz mono.

        Raises:
            DeviceError: no answer, audio is not open to us, or the device gave us up because we were too slow.
        """
        wanted = 2 * round(seconds * SAMPLE_RATE)
        data = bytearray()
        with self._line.open("audio.wav", "audio/wav") as stream:
            stream.read(_WAV_HEADER_BYTES)
            while len(data) < wanted:
                piece = stream.read(min(_PIECE_BYTES, wanted - len(data)))
                if not piece:
                    raise DeviceError(
                        f"{self._line}: its sound ended after {len(data) / 2 / SAMPLE_RATE:.1f} s; try again"
                    )
                data += piece
            stream.hang_up()
        return np.frombuffer(data, "<i2").astype(np.int16)

    def hear(self, seconds: float) -> Iterator[Heard | Told | str]:
        """What the device hears, what its rules tell, and what becomes of the connection, as it comes.

        What breaks is opened again, and events that happened meanwhile are told.

        Raises:
            DeviceError: the device cannot be reached at the start, or refuses.
        """
        end = time.monotonic() + seconds
        seen = self._newest_event()
        told: queue.Queue[tuple[EventStream, ServerEvent | Away | Back | DeviceError]] = queue.Queue()

        def put(stream: EventStream, what: ServerEvent | Away | Back | DeviceError) -> None:
            told.put((stream, what))

        streams = (
            EventStream(self._line, f"scores?k={_TOP}", put, silence_s=max(_SCORES_SILENCE_S, self._line.timeout_s)),
            EventStream(self._line, "events?live", put, silence_s=_EVENTS_SILENCE_S, last_id=seen),
        )
        try:
            yield from _hear(told, end)
        finally:
            for stream in streams:
                stream.close()

    def log(self, _: float, /) -> Iterator[str]:
        """The latest lines of the log, oldest first.

        Raises:
            DeviceError: no answer, or the device refused.
        """
        answer = self._line.ask_json("GET", "log")
        require(answer, {"lines": [str]}, "log")
        yield from answer["lines"]

    def mute(self, muted: bool) -> None:
        """Switch the microphone off, or on again, for good.

        Raises:
            DeviceError: no answer, or the device refused.
        """
        self._line.ask("POST", "mute", b'{"muted":true}' if muted else b'{"muted":false}')

    def reboot(self, *, ready_timeout_s: float = READY_S) -> Info:
        """Restart the device and wait until it answers again.

        Raises:
            DeviceError: it does not restart, or not in time.
        """

        def order() -> None:
            self._line.ask("POST", "restart")

        return restart(self.info(), order, self._info_within, ready_timeout_s, lambda: time.sleep(_PAUSE_S))

    def _info_within(self, timeout_s: float) -> Info:
        return Info.of_status(self._line.ask_json("GET", "status", timeout_s=timeout_s))

    def _rule_states(self) -> tuple[str, list[RuleState], list[str]]:
        """Where the rules are from, those that run, and the names of those that are switched off."""
        states = self._line.ask_json("GET", "rules/states")
        require(states, _STATES_SHAPE, "rules/states")
        running = [RuleState.parse(rule["running"]) for rule in states["rules"] if rule["running"]]
        return states["source"], running, [rule["name"] for rule in states["rules"] if not rule["running"]]

    def _document(self) -> tuple[bytes, str]:
        """The rule document and its ETag."""
        document, header = self._line.ask("GET", "rules")
        self._line.parse(document, header)
        return document, header.get("ETag", "")

    def _journal(self, count: int) -> list[dict[str, Any]]:
        """Lines of the journal, newest first."""
        page = self._line.ask_json("GET", f"events?limit={count}")
        require(page, _JOURNAL_SHAPE, "events")
        lines: list[dict[str, Any]] = page["events"]
        return lines

    def _newest_event(self) -> str:
        """The id that the newest event has in the stream of events; "" if the device has no memory for any."""
        if not self.info().fields.get("storage"):
            return ""
        lines = self._journal(1)
        return f"{lines[0]['id']}-{lines[0]['kind']}" if lines else _BEFORE_ALL

    def _count(self, answer: dict[str, Any]) -> int:
        require(answer, {"rules": int}, "rules")
        return int(answer["rules"])


def _hear(
    told: "queue.Queue[tuple[EventStream, ServerEvent | Away | Back | DeviceError]]", end: float
) -> Iterator[Heard | Told | str]:
    away: set[EventStream] = set()
    quiet = ""
    while (left := end - time.monotonic()) > 0:
        with contextlib.suppress(queue.Empty):
            stream, what = told.get(timeout=min(left, 1.0))
            if isinstance(what, DeviceError):
                raise what
            if isinstance(what, Away):
                if not away:
                    yield f"{what.reason}; trying again"
                away.add(stream)
            elif isinstance(what, Back):
                away.discard(stream)
                if not away:
                    yield "the device is back"
            elif what.name == "scores":
                yield Heard.from_scores(what.fields)
            elif what.name == "event":
                yield Told.from_journal(what.fields)
            elif what.name == "state":
                before, quiet = quiet, _why_quiet(what.fields)
                if quiet != before:
                    yield quiet or "listening"


def _why_quiet(state: dict[str, Any]) -> str:
    require(state, _STATE_SHAPE, "scores")
    if state["muted"]:
        return "muted: it hears nothing until `device.py mute off` or its button"
    return "" if state["listening"] else "it does not listen: no sound comes in, or the model is not ready"

# SPDX-License-Identifier: Apache-2.0
"""How a device is: what runs there, and what happened last."""

from dataclasses import dataclass, field
from typing import Any

from yamnet_tools.device.answers import Fields, Info, require
from yamnet_tools.device.http_line import HttpLine, HttpRefusedError
from yamnet_tools.errors import DeviceError
from yamnet_tools.fleet.member import Member

_EVENTS_SHAPE: dict[str, Any] = {"events": [{"id": str, "kind": str, "rule": str, "utc?": str}]}


@dataclass(frozen=True)
class Health:
    """How a device is; what it does not tell is None.

    Attributes:
        name: in the fleet.
        url: where it was asked.
        problem: why it is not as it should be, in one line; "" if it is.
        version: of its firmware.
        model: the first digits of its model's SHA-256.
        rules: its rules' ETag, which is made of their document.
        signal_dbm: of its Wi-Fi.
        free_heap: bytes of internal RAM.
        overruns: blocks of sound that came while its queue was full, since it started.
        uptime_s: seconds since it started.
        muted: by its owner.
        last_event: the journal's latest line.
        status: all that it says of itself.
    """

    name: str
    url: str
    problem: str
    version: str | None = None
    model: str | None = None
    rules: str | None = None
    signal_dbm: int | None = None
    free_heap: int | None = None
    overruns: int | None = None
    uptime_s: float | None = None
    muted: bool | None = None
    last_event: Fields | None = None
    status: Fields = field(default_factory=dict, repr=False)


class Checkup:
    """Asks a fleet again and again; what did not change is not fetched again."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._tags: dict[str, str] = {}

    def health(self, member: Member) -> Health:
        """How a device is now; whatever is wrong is its `problem`."""
        url = member.address.text if member.address else ""
        try:
            line = member.line(self._timeout_s)
            info = Info.of_status(line.ask_json("GET", "status"))
            if wrong := info.problems():
                raise DeviceError(f"its status is not the protocol's: {wrong[0]}")
            return _healthy(member.name, url, info, self._rules(member.name, line), _last_event(line))
        except DeviceError as error:
            return Health(member.name, url, str(error))

    def _rules(self, name: str, line: HttpLine) -> str | None:
        known = self._tags.get(name)
        try:
            _, header = line.ask("GET", "rules", fields={"If-None-Match": known} if known else None)
        except HttpRefusedError:  # it has none, and its boot steps say why
            return None
        self._tags[name] = header.get("ETag", "")
        return self._tags[name].strip('"') or None


def _last_event(line: HttpLine) -> Fields | None:
    try:
        page = line.ask_json("GET", "events?limit=1")
    except HttpRefusedError:
        return None
    require(page, _EVENTS_SHAPE, "events")
    return page["events"][0] if page["events"] else None


def _healthy(name: str, url: str, info: Info, rules: str | None, last_event: Fields | None) -> Health:
    fields = info.fields
    audio = fields.get("audio") or {}
    return Health(
        name,
        url,
        _problem(info),
        fields["firmware"]["version"],
        (info.model_sha256 or "")[:8] or None,
        rules,
        (fields.get("network") or {}).get("rssi_dbm"),
        info.free_heap,
        audio.get("overruns"),
        info.uptime_ms / 1000,
        fields["muted"],
        last_event,
        fields,
    )


def _problem(info: Info) -> str:
    if info.failed_steps:
        return info.failed_steps[0]
    if not info.ready:
        return "it is starting"
    audio = info.fields.get("audio")
    if audio is not None and not audio["alive"] and not info.fields["muted"]:
        return "no sound comes in"
    return ""

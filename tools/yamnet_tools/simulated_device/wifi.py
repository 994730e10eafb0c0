# SPDX-License-Identifier: Apache-2.0
"""A simulated device's Wi-Fi: networks of a JSON file in place of the air."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from yamnet_tools.errors import DeviceError

Seen = tuple[str, int, bool, int]
"""A network in reach: name, dBm, whether it wants a password, channel."""

Told = tuple[Literal["up", "down", "seen"], str, list[Seen]]
"""What has happened: "up" with the address, "down" with the reason, "seen" with what a scan has found."""

_SCAN_S = 1.0
_JOIN_S = 1.0
_FIRST_HOST = 20


@dataclass(frozen=True)
class AirNetwork:
    """A network that there is; `password` is empty for an open one, `answers` false for one that gives no address."""

    ssid: str
    password: str = ""
    rssi_dbm: int = -60
    channel: int = 1
    hidden: bool = False
    answers: bool = True

    def __post_init__(self) -> None:
        wanted = (str, str, int, int, bool, bool)
        values = (self.ssid, self.password, self.rssi_dbm, self.channel, self.hidden, self.answers)
        if any(type(value) is not kind for value, kind in zip(values, wanted, strict=True)):
            raise TypeError("a field has the wrong type")


DEFAULT_AIR = (
    AirNetwork("Home", "correct horse", -52, 6),
    AirNetwork("Home upstairs", "correct horse", -67, 11),
    AirNetwork("Neighbours", "not for you", -78, 1),
    AirNetwork("Open café", "", -84, 13),
)


def read_air(path: Path) -> tuple[AirNetwork, ...]:
    """The networks of a file: a list of {"ssid", "password", "rssi_dbm", "channel", "hidden", "answers"}, all but the
    name optional.

    Raises:
        DeviceError: it cannot be read, or has something else.
    """
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
        return tuple(AirNetwork(**each) for each in listed)
    except OSError as error:
        raise DeviceError(f"--wifi {path}: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        fields = '{"ssid", "password", "rssi_dbm", "channel", "hidden", "answers"}'
        raise DeviceError(f"--wifi {path}: it wants a list of {fields}: {error}") from error


class SimulatedRadio:
    """device_core's radio; it calls from the device's thread but is_guest(), and nothing waits.

    Args:
        air: the networks that there are now; asked for again and again, so that networks may come and go.
        speed: how many times faster than a real radio it scans and joins.

    Attributes:
        country: that was set last.
        setup: name and password of the device's own access point; None while it is closed.
        guests_present: how many are on it.
    """

    def __init__(self, air: Callable[[], tuple[AirNetwork, ...]], speed: float = 1.0) -> None:
        self._air = air
        self._speed = speed
        self.country = ""
        self.setup: tuple[str, str] | None = None
        self.guests_present = 0
        self._joined: AirNetwork | None = None
        self._scan_over: float | None = None
        self._join_over: float | None = None
        self._wanted: tuple[str, str, str | None] = ("", "", None)

    def set_country(self, code: str) -> None:
        """Be in a country."""
        self.country = code

    def scan(self) -> None:
        """Look for networks."""
        self._scan_over = time.monotonic() + _SCAN_S / self._speed

    def join(self, ssid: str, password: str, static_address: str | None) -> None:
        """Begin to join a network."""
        self._wanted = (ssid, password, static_address)
        self._joined = None
        self._join_over = time.monotonic() + _JOIN_S / self._speed

    def leave(self) -> None:
        """End that."""
        self._joined = None
        self._join_over = None

    def open_setup(self, ssid: str, password: str) -> None:
        """Open the access point."""
        self.setup = (ssid, password)

    def close_setup(self) -> None:
        """Close it; its guests go."""
        self.setup = None
        self.guests_present = 0

    def guests(self) -> int:
        """How many are on the access point."""
        return self.guests_present

    def is_guest(self, peer: str) -> bool:
        """While the access point is open, whoever asks from this computer stands for somebody on it."""
        return self.setup is not None and peer == "127.0.0.1"

    def portal(self) -> str:
        """Where those on a board's access point find the page that names a network."""
        return "http://192.168.217.1/setup.html"

    def rssi_dbm(self) -> int | None:
        """Of the network that is joined."""
        return None if self._joined is None else self._joined.rssi_dbm

    def poll(self) -> Told | None:
        """What has happened next, if anything."""
        now = time.monotonic()
        if self._scan_over is not None and now >= self._scan_over:
            self._scan_over = None
            return "seen", "", [_seen(each) for each in self._air() if not each.hidden]
        if self._join_over is not None and now >= self._join_over:
            return self._answer()
        if self._joined is not None and self._joined not in self._air():
            self._joined = None
            return "down", "it is out of reach", []
        return None

    def _answer(self) -> Told | None:
        ssid, password, static_address = self._wanted
        named = [each for each in self._air() if each.ssid == ssid]
        if not named:
            self._join_over = None
            return "down", "it is out of reach", []
        best = max(named, key=lambda each: each.rssi_dbm)
        if not best.answers:
            return None  # until the device gives up
        self._join_over = None
        if best.password != password:
            return "down", "the password is wrong", []
        self._joined = best
        return "up", static_address or f"192.168.1.{_FIRST_HOST + self._air().index(best)}", []


def file_air(path: Path | None) -> Callable[[], tuple[AirNetwork, ...]]:
    """The networks of a file as it is now; the default set without one. A file that is being changed counts as before.

    Raises:
        DeviceError: the file is wrong at the start.
    """
    if path is None:
        return lambda: DEFAULT_AIR
    known = (_stamp(path), read_air(path))

    def air() -> tuple[AirNetwork, ...]:
        nonlocal known
        try:
            if (stamp := _stamp(path)) != known[0]:
                known = (stamp, read_air(path))
        except (OSError, DeviceError):
            pass
        return known[1]

    return air


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise DeviceError(f"--wifi {path}: {error.strerror}") from error
    return status.st_mtime_ns, status.st_size


def _seen(network: AirNetwork) -> Seen:
    return network.ssid, network.rssi_dbm, bool(network.password), network.channel

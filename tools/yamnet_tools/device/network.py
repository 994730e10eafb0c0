# SPDX-License-Identifier: Apache-2.0
"""device.py's section network: how a device is connected, and which networks it may join."""

import argparse
import getpass
import json
import sys
import time
from typing import Any, Protocol

from yamnet_tools import cli
from yamnet_tools.device.http_line import HttpLine
from yamnet_tools.errors import DeviceError

_JOIN_S = 60.0
_SCAN_S = 45.0
_PAUSE_S = 0.5


class NetworkDevice(Protocol):
    """A device by whichever way; all raise DeviceError when it does not answer or cannot do it."""

    def network(self) -> dict[str, Any]:
        """How it is connected; what it knows only where the way tells it."""

    def scan_networks(self) -> list[tuple[str, int, bool]]:
        """Networks in reach: name, dBm, and whether they want a password."""

    def join_network(self, ssid: str, password: str) -> str:
        """Let it join a network; returns where it is then."""


def add_actions(parser: argparse.ArgumentParser) -> None:
    """Add what follows `network`; nothing shows it."""
    parser.add_argument("action", nargs="?", choices=["show", "scan", "join"], default="show", help="(%(default)s)")
    parser.add_argument("ssid", nargs="?", metavar="SSID", help="of join; its password is asked for")


def run(device: NetworkDevice, options: argparse.Namespace) -> int:
    """Do what the command line says.

    Raises:
        DeviceError: no answer, or it cannot be done.
    """
    if (options.action == "join") != (options.ssid is not None):
        raise DeviceError("network join SSID: join wants a network's name, and nothing else does")
    if options.action == "scan":
        for name, rssi_dbm, secure in device.scan_networks():
            print(f"{rssi_dbm:>4} dBm  {'locked' if secure else 'open  '}  {name}")
    elif options.action == "join":
        where = device.join_network(options.ssid, _password(options.ssid))
        print(f"{options.ssid} is joined and known; the device is at {where}")
    else:
        _show(device.network())
    return cli.EXIT_OK


def _show(told: dict[str, Any]) -> None:
    for name in ("kind", "state", "reason", "ssid", "rssi_dbm", "address", "hostname", "country"):
        if told.get(name) not in (None, ""):
            print(f"{name:<10} {told[name]}")
    for known in told.get("known", []):
        fixed = (known["static_address"] or {}).get("address")
        print(
            f"{'known':<10} {known['ssid']}{'' if known['has_password'] else ', open'}{f', {fixed}' if fixed else ''}"
        )
    if setup := told.get("setup"):
        print(f"{'own Wi-Fi':<10} {setup['ssid']}, password {setup['password'] or '- (the owner is told)'}")


def _password(ssid: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return getpass.getpass(f"password of {ssid} (empty: it is open): ")


class HttpNetwork:
    """The network's part of the HTTP API."""

    def __init__(self, line: HttpLine) -> None:
        self._line = line

    def show(self) -> dict[str, Any]:
        """GET network."""
        return self._line.ask_json("GET", "network")

    def scan(self) -> list[tuple[str, int, bool]]:
        """POST network/scan."""
        answer, _ = self._line.ask("POST", "network/scan", timeout_s=_SCAN_S)
        return [(each["ssid"], each["rssi_dbm"], each["secure"]) for each in json.loads(answer)["networks"]]

    def join(self, ssid: str, password: str) -> str:
        """POST network/join, and wait how it goes.

        Raises:
            DeviceError: it does not, or the device is not heard any more.
        """
        self._line.ask("POST", "network/join", json.dumps({"ssid": ssid, "password": password}).encode())
        failure = DeviceError(f"{self._line}: not heard any more since it tries {ssid}; is it there?")
        deadline = time.monotonic() + _JOIN_S
        while time.monotonic() < deadline:
            time.sleep(_PAUSE_S)
            try:
                told = self.show()
            except DeviceError as error:
                failure = error
                continue
            if told["attempt"]["state"] == "joined":
                return f"http://{told['hostname']}.local/ or http://{told['address']}/"
            if told["attempt"]["state"] == "failed":
                raise DeviceError(told["attempt"]["reason"])
        raise failure

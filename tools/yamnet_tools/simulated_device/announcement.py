# SPDX-License-Identifier: Apache-2.0
"""A simulated device announces itself by mDNS as a board does, on this computer only: that is where it listens."""

import hashlib
import json
import socket
from typing import Any, Self

from device_core import SimulatedDevice
from yamnet_tools.errors import DeviceError
from yamnet_tools.fleet.discovery import SERVICE, import_zeroconf

_HTTP = "_http._tcp.local."
_LOOPBACK = "127.0.0.1"


class Announcement:
    """Lasts while it is used as a context.

    Args:
        device: that runs.
        device_id: its own; the name of its host is made of it, as a board's is of its MAC.
        port: of its HTTP API.

    Raises:
        DeviceError: zeroconf is missing, or another device of this id announces itself.
    """

    def __init__(self, device: SimulatedDevice, device_id: str, port: int) -> None:
        self._library = import_zeroconf()
        suffix = hashlib.sha256(device_id.encode()).hexdigest()[:4]
        state = json.loads(device.state())
        told = {
            "id": device_id,
            "name": _name(device),
            "version": state["firmware"]["version"],
            "model": ((state["model"] or {}).get("sha256") or "")[:8],
            "api": "/api/v1",
        }
        self._services = [
            self._library.ServiceInfo(
                kind,
                f"yamnet-{suffix}.{kind}",
                port=port,
                addresses=[socket.inet_aton(_LOOPBACK)],
                server=f"yamnet-{suffix}.local.",
                properties=told,
            )
            for kind in (SERVICE, _HTTP)
        ]
        self._device_id = device_id

    def __enter__(self) -> Self:
        self._zeroconf: Any = self._library.Zeroconf(interfaces=[_LOOPBACK])
        try:
            for service in self._services:
                self._zeroconf.register_service(service)
        except self._library.NonUniqueNameException as error:
            self._zeroconf.close()
            raise DeviceError(
                f"--id {self._device_id}: another device announces itself by it; give it another"
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._zeroconf.unregister_all_services()
        self._zeroconf.close()


def _name(device: SimulatedDevice) -> str:
    """As its owner calls it; everybody may ask for that."""
    _, _, content, _ = device.http("GET", "/api/v1/session", {"host": "localhost"}, b"", _LOOPBACK)
    assert isinstance(content, bytes)
    return str(json.loads(content)["name"])

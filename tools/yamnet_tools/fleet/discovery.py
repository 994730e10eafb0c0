# SPDX-License-Identifier: Apache-2.0
"""Devices that announce themselves by mDNS: `_yamnet._tcp`, with TXT `id`, `name`, `version` and `model`."""

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from yamnet_tools.errors import DeviceError

if TYPE_CHECKING:
    from zeroconf import ServiceInfo

SERVICE = "_yamnet._tcp.local."
SECONDS = 3.0
"""How long is listened for devices that are not asked for by their id."""

_DETAILS_MS = 3000


@dataclass(frozen=True)
class Found:
    """What a device announces. Anybody in the network may say so.

    Attributes:
        id: never changes.
        name: as its owner calls it.
        host: its name in the network, `yamnet-1a2b.local`.
        url: with its address.
        version: of its firmware.
        model: what it calls its model.
    """

    id: str
    name: str
    host: str
    url: str
    version: str
    model: str


def find(seconds: float = SECONDS, wanted: Collection[str] = ()) -> list[Found]:
    """Listen for devices, by name of their host; ends early when all wanted ids are there.

    Raises:
        DeviceError: zeroconf is not installed, or the network does not let it listen.
    """
    zeroconf = import_zeroconf()
    found: dict[str, Found] = {}
    changed = threading.Condition()

    def heed(zeroconf: Any, service_type: str, name: str, state_change: Any) -> None:
        if state_change.name == "Removed":
            return
        info = zeroconf.get_service_info(service_type, name, _DETAILS_MS)
        told = _parse(info) if info else None
        if told is not None:
            with changed:
                found[told.id] = told
                changed.notify()

    try:
        with zeroconf.Zeroconf(interfaces=zeroconf.InterfaceChoice.All, ip_version=zeroconf.IPVersion.V4Only) as ear:
            browser = zeroconf.ServiceBrowser(ear, SERVICE, handlers=[heed])
            deadline = time.monotonic() + seconds
            with changed:
                while (left := deadline - time.monotonic()) > 0 and not (wanted and found.keys() >= set(wanted)):
                    changed.wait(left)
            browser.cancel()
    except OSError as error:
        raise DeviceError(f"mDNS: this computer's network does not let it listen: {error.strerror or error}") from error
    return sorted(found.values(), key=lambda device: (device.host, device.id))


def import_zeroconf() -> Any:
    """The library.

    Raises:
        DeviceError: it is not installed.
    """
    try:
        import zeroconf
    except ImportError as error:
        raise DeviceError("mDNS needs zeroconf: bash tools/setup_env.sh fleet") from error
    return zeroconf


def _parse(info: "ServiceInfo") -> Found | None:
    """None where it is no device's."""
    addresses = info.parsed_addresses()
    told = {key.decode("ascii", "replace"): _text(value) for key, value in info.properties.items()}
    if not addresses or not told.get("id"):
        return None
    port = "" if info.port == 80 else f":{info.port}"
    host = _text((info.server or "").rstrip(".").encode())
    url = f"http://{addresses[0]}{port}"
    return Found(told["id"], told.get("name") or host, host, url, told.get("version") or "", told.get("model") or "")


def _text(value: bytes | None) -> str:
    """Fit for a terminal and one line."""
    return "".join(c for c in (value or b"").decode("utf-8", "replace") if c.isprintable())

# SPDX-License-Identifier: Apache-2.0
"""The address of a device, or of the reverse proxy before it."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit

from yamnet_tools.errors import DeviceError

_API = "/api/v1"


def is_http(port: str) -> bool:
    """Whether what --port says is an address, and no serial port."""
    return port.lower().startswith(("http://", "https://"))


@dataclass(frozen=True)
class HttpAddress:
    """Parts of an address.

    Attributes:
        text: as a person writes it, without what follows the base path.
        host: a name, an IPv4 address, or an IPv6 one without brackets, with its zone (`fe80::1%eth0`).
        port: None: the scheme's.
        base: the path before `/api/v1`, without a slash at its end.
    """

    text: str
    secure: bool
    host: str
    port: int | None
    base: str

    @classmethod
    def parse(cls, text: str, said_by: str = "--port") -> Self:
        """From `http://host[:port][/base][/api/v1][/]`; https, too.

        Args:
            text: the address.
            said_by: who names it, for errors.

        Raises:
            DeviceError: it is no such address.
        """
        try:
            parts = urlsplit(text)
            host, port = unquote(parts.hostname or ""), parts.port
        except ValueError as error:
            raise DeviceError(f"{said_by} {text}: this is no address: {error}") from None
        if parts.username is not None or parts.query or parts.fragment:
            what = "an address has a host, a port and a path, and nothing else"
            raise DeviceError(f"{said_by} {parts.scheme}://…: {what}")
        visible = parts.path.isascii() and parts.path.isprintable() and " " not in parts.path
        if not host or not visible or any(c.isspace() or not c.isprintable() for c in host):
            raise DeviceError(
                f"{said_by} {text!r}: an address is like http://yamnet-1a2b.local or http://192.168.1.20:8080"
            )
        base = parts.path.rstrip("/").removesuffix(_API).rstrip("/")
        return cls(f"{parts.scheme}://{parts.netloc}{base}", parts.scheme == "https", host, port, base)

    @property
    def host_field(self) -> str:
        """The value of Host: without the zone, which only this computer knows."""
        name = self.host.partition("%")[0]
        name = f"[{name}]" if ":" in name else name
        return name if self.port is None else f"{name}:{self.port}"

    def target(self, path: str) -> str:
        """What is asked for of a path below `/api/v1/`."""
        return f"{self.base}{_API}/{path}"

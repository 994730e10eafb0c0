# SPDX-License-Identifier: Apache-2.0
"""A fleet for Prometheus: its targets in a file or over HTTP, and its metrics for who has no token.

Prometheus gives one token to all targets of a job, and each device has its own. Devices whose owner has opened reading
are asked directly; for others the gateway asks, and Prometheus asks the gateway.
"""

import json
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit

from yamnet_tools.errors import DeviceError
from yamnet_tools.fleet.member import Member

Target = dict[str, list[str] | dict[str, str]]

_METRICS = "/metrics/"
_TEXT = "text/plain; version=0.0.4"


def direct_targets(members: Sequence[Member]) -> list[Target]:
    """For file_sd: each device at its own address. One that was not found is left out."""
    return [
        {
            "targets": [member.address.host_field],
            "labels": {
                "instance": member.name,
                "__scheme__": "https" if member.address.secure else "http",
                "__metrics_path__": member.address.target("metrics"),
            },
        }
        for member in members
        if member.address is not None
    ]


def gateway_targets(members: Sequence[Member], host: str) -> list[Target]:
    """For http_sd: each device behind the gateway."""
    return [
        {"targets": [host], "labels": {"instance": member.name, "__metrics_path__": f"{_METRICS}{quote(member.name)}"}}
        for member in members
    ]


class Gateway(ThreadingHTTPServer):
    """Answers `/targets` (http_sd) and `/metrics/<device>` on this computer; tokens stay here.

    Args:
        members: gives those of the fleet; asked again with each `/targets`.
        port: TCP; 0: any that is free.
        timeout_s: for a device's answer.

    Raises:
        DeviceError: the port is taken.
    """

    daemon_threads = True

    def __init__(self, members: Callable[[], Sequence[Member]], port: int, timeout_s: float) -> None:
        self._find = members
        self.refresh()
        self.timeout_s = timeout_s
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise DeviceError(f"--serve {port}: {error.strerror}; choose another port, or 0 for any") from error
        self.address = f"127.0.0.1:{self.server_port}"

    def refresh(self) -> None:
        """Look for the devices again.

        Raises:
            DeviceError: the list cannot be read any more.
        """
        self.members = {member.name: member for member in self._find()}

    def handle_error(self, request: object, client_address: object) -> None:
        """Who hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: Gateway
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if self.headers.get("Host", "").partition(":")[0] not in ("127.0.0.1", "localhost"):
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", "only for this computer\n")  # no DNS rebinding
        elif path == "/targets":
            self._answer(*self._targets())
        elif (member := self.server.members.get(path.removeprefix(_METRICS))) and path.startswith(_METRICS):
            self._answer(*self._metrics(member))
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", "/targets, /metrics/<device>\n")

    def _targets(self) -> tuple[HTTPStatus, str, str]:
        try:
            self.server.refresh()
        except DeviceError as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", f"{error}\n"
        targets = gateway_targets(list(self.server.members.values()), self.server.address)
        return HTTPStatus.OK, "application/json", json.dumps(targets)

    def _metrics(self, member: Member) -> tuple[HTTPStatus, str, str]:
        try:
            text, _ = member.line(self.server.timeout_s).ask("GET", "metrics")
        except DeviceError as error:
            return HTTPStatus.BAD_GATEWAY, "text/plain", f"{error}\n"
        return HTTPStatus.OK, _TEXT, text.decode("utf-8", "replace")

    def _answer(self, status: HTTPStatus, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""

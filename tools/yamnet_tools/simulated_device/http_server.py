# SPDX-License-Identifier: Apache-2.0
"""Serves a simulated device over HTTP: uvicorn in a thread, and the device's own API behind it."""

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, cast

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from device_core import HttpIntake, HttpStream, SimulatedDevice
from yamnet_tools.errors import DeviceError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Answer = tuple[int, list[tuple[str, str]], bytes | HttpStream, int | None]

_MOST_BODY_BYTES = 36 * 1024 + 1  # one more than the device takes, so that it says what it says on a board
_MOST_UNWANTED_BYTES = 8 << 20  # of an image that is refused before its end
_MOST_CONNECTIONS = 64
_PATIENCE_S = 10.0
_POLL_S = 0.03
_STOP_S = 10.0


class HttpServer:
    """Listens while it is open.

    Args:
        device: gives the device that runs now; a restart makes another.
        port: TCP; 0: any that is free.
        host: the address to listen at.
        patience_s: how long a request may take to arrive, and a third of how long an answer may lie unread.

    Raises:
        DeviceError: the port is taken.
    """

    def __init__(
        self,
        device: Callable[[], SimulatedDevice],
        port: int,
        host: str = "127.0.0.1",
        *,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._device = device
        self._patience_s = patience_s
        try:
            self._socket = socket.create_server((host, port))
        except OSError as error:
            raise DeviceError(f"--http {port}: {error.strerror}; choose another port, or 0 for any") from error
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # of connections, too: who reads nothing is given up
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(3000 * patience_s))
        self.port = int(self._socket.getsockname()[1])
        self.address = f"http://{host}:{self.port}"
        config = uvicorn.Config(
            self._serve,
            log_level="error",
            interface="asgi3",
            http=_patient(patience_s),
            ws="none",
            lifespan="off",
            proxy_headers=False,  # an address that a client made up would not be slowed down
            timeout_graceful_shutdown=1,
            server_header=False,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; connections end."""
        self._server.should_exit = True
        self._thread.join(_STOP_S)
        self._socket.close()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        device = self._device()
        fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope["query_string"]
        target = scope["raw_path"].decode("latin-1") + ("?" + query.decode("latin-1") if query else "")
        peer = scope["client"][0] if scope["client"] else ""
        try:
            intake = cast(HttpIntake | Answer | None, device.open_http(scope["method"], target, fields, peer))
            if intake is None:
                body = await asyncio.wait_for(_read_body(receive), self._patience_s)
                answer = None if body is None else device.http(scope["method"], target, fields, body, peer)
            else:
                answer = await self._take(intake, receive)
        except TimeoutError:
            await _refuse(408, "Request Timeout", "the request's body did not come in time", send)
            return
        if answer is None:
            return
        status, headers, content, length = answer
        if not isinstance(content, HttpStream) and length is None and status not in (204, 304):
            length = len(content)
        if length is not None:
            headers.append(("Content-Length", str(length)))
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": encoded})
        if isinstance(content, HttpStream):
            await self._send_stream(device, content, receive, send)
        else:
            await send({"type": "http.response.body", "body": content})

    async def _take(self, intake: HttpIntake | Answer, receive: Receive) -> Answer | None:
        """Hand a body on as it comes; None from a client that has gone.

        Whoever sends what is not wanted hears why when he has sent it: many do not listen before.
        """
        answer = None if isinstance(intake, HttpIntake) else intake
        unwanted = 0
        try:
            while unwanted < _MOST_UNWANTED_BYTES:
                message = await asyncio.wait_for(receive(), self._patience_s)
                if message["type"] == "http.disconnect":
                    return None
                piece = message.get("body", b"")
                if answer is None and isinstance(intake, HttpIntake):
                    answer = cast(Answer | None, await asyncio.to_thread(intake.take, piece))
                else:
                    unwanted += len(piece)
                if not message.get("more_body", False):
                    break
            if answer is None and isinstance(intake, HttpIntake):
                answer = await asyncio.to_thread(intake.finish)
            return answer
        finally:
            if isinstance(intake, HttpIntake):
                intake.drop()

    async def _send_stream(self, device: SimulatedDevice, stream: HttpStream, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(receive())
        try:
            while not gone.done() and not self._server.should_exit and self._device() is device:
                piece = stream.next()
                if piece is None:
                    break
                if piece:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                else:
                    await asyncio.sleep(_POLL_S)
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()


def _patient(patience_s: float) -> type[asyncio.Protocol]:
    """HTTP that has places for so many connections, and hangs up on who takes longer to send a header (slow loris)."""

    class Patient(H11Protocol):
        _late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > _MOST_CONNECTIONS:
                self.app = _too_many
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._is_served():
                self._stop_waiting()
            elif self._late is None:
                self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def _is_served(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _wait(self) -> None:
            self._late = self.loop.call_later(patience_s, self._hang_up)

        def _stop_waiting(self) -> None:
            if self._late is not None:
                self._late.cancel()
            self._late = None

        def _hang_up(self) -> None:
            if not self._is_served():
                self.transport.abort()

    return Patient


async def _too_many(_: Scope, __: Receive, send: Send) -> None:
    await _refuse(503, "Service Unavailable", "there are too many connections; try again later", send)


async def _refuse(status: int, title: str, detail: str, send: Send) -> None:
    """A problem document (RFC 9457) that ends the connection."""
    problem = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail}).encode()
    headers = [
        (b"Content-Type", b"application/problem+json"),
        (b"Content-Length", str(len(problem)).encode()),
        (b"Connection", b"close"),
    ]
    with suppress(h11.LocalProtocolError):  # whoever has sent rubbish after it cannot be answered any more
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": problem})


async def _read_body(receive: Receive) -> bytes | None:
    """The body, or as much of it as shows that it is too long; None from a client that has gone."""
    body = b""
    while len(body) < _MOST_BODY_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return body[:_MOST_BODY_BYTES]
